//! What the forge answers to a request: whose it is, by its path.

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serve::Body;

use super::repositories::smart_http;
use super::visit::Visit;
use super::{State, answer, api, assets, auth, body, health, internal, oauth, registry};

/// Answers one request.
pub(super) async fn answer(forge: &State, request: Request<Incoming>) -> Response<Body> {
    let (parts, content) = request.into_parts();
    let path = clean(parts.uri.path());
    if let Some(target) = smart_http::Target::of(&path) {
        let git = smart_http::Git {
            repositories: &forge.stores.repositories,
            root_url: forge.settings.root_url(),
            check: &|name, password| {
                auth::by_password(forge, name, password).map(|identity| identity.user.name.clone())
            },
        };
        return git.answer(target, &parts, content).await;
    }
    let segments: Vec<&str> = path[1..].split('/').collect();
    match segments.as_slice() {
        ["api", "healthz"] => health::answer(&forge.settings),
        ["robots.txt"] => answer::words(StatusCode::NOT_FOUND, "404 page not found"),
        ["favicon.ico"] => {
            let icon = format!("{}/assets/img/favicon.png", forge.settings.sub_path());
            answer::redirect(&parts.method, StatusCode::MOVED_PERMANENTLY, &icon)
        }
        ["assets", ..] => assets::answer(forge.settings.flavour, path.trim_start_matches("/assets/")),
        ["avatars", hash] => assets::avatar(hash),
        ["api", "internal", rest @ ..] => internal::answer(forge, &parts, rest),
        ["v2", rest @ ..] if forge.settings.packages => registry::answer(forge, &parts, rest),
        ["api", version @ ("v1" | "forgejo"), rest @ ..] => match body::read(content, body::API).await {
            Ok(content) => api::answer(forge, &parts, version, rest, content),
            Err(answer) => answer,
        },
        ["login", "oauth", endpoint @ ("access_token" | "introspect" | "userinfo")] if forge.settings.oauth => {
            let content = match body::read(content, body::FORM).await {
                Ok(content) => content,
                Err(answer) => return answer,
            };
            match (*endpoint, &parts.method) {
                ("access_token", &Method::POST) => oauth::exchange(forge, &parts, &content),
                ("introspect", &Method::POST) => oauth::introspect(forge, &parts, &content),
                ("userinfo", &Method::GET | &Method::POST) => oauth::user_info(forge, &parts),
                _ => answer::wrong_method("POST, OPTIONS"),
            }
        }
        _ => match Visit::begin(forge, parts) {
            Ok(visit) => visit.answer(&path, content).await,
            Err(error) => answer::failed(&error),
        },
    }
}

/// Decoded, without empty segments and without a slash at its end, as the real router has it.
fn clean(path: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let segments: Vec<&str> = decoded.split('/').filter(|segment| !segment.is_empty()).collect();
    format!("/{}", segments.join("/"))
}
