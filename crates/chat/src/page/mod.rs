//! The page: static files that are part of the program, and who is signed in.
//!
//! Everything in it is relative, so it works below any prefix. It loads nothing from anywhere else, and no script may make markup of text.

mod files;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::config::Public;
use crate::session::Visitor;
use crate::{AppState, actions, answer, clock};
use files::File;

/// The room's routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/", get(index)).route("/static/{name}", get(file)).route("/session", get(session))
}

async fn index(_visitor: Visitor, State(state): State<AppState>, headers: HeaderMap) -> Response {
    let mut answer = answer_with(&files::INDEX, &headers);
    if let Ok(policy) = policy(&state.config.public).parse() {
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

async fn file(_visitor: Visitor, Path(name): Path<String>, headers: HeaderMap) -> Response {
    match files::STATIC.iter().find(|file| file.name == name) {
        Some(file) => answer_with(file, &headers),
        None => answer::error(StatusCode::NOT_FOUND, "not_found", "there is no such file"),
    }
}

/// Asked for again each time, and sent again only when it has changed: a new version of the service shows at once.
fn answer_with(file: &File, headers: &HeaderMap) -> Response {
    let tag = file.tag();
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let fields = [(CACHE_CONTROL, "private, no-cache".to_owned()), (ETAG, tag.clone())];
    if known.flat_map(|value| value.split(',')).any(|each| each.trim().trim_start_matches("W/") == tag) {
        return (StatusCode::NOT_MODIFIED, fields).into_response();
    }
    (fields, [(CONTENT_TYPE, file.kind)], file.content).into_response()
}

/// Who is signed in, until when, what may be proposed to them, and why they would get no socket now: a browser doesn't tell its page.
async fn session(visitor: Visitor, State(state): State<AppState>) -> Response {
    let settings: &Arc<actions::Settings> = &state.config.actions;
    let kinds: Vec<&str> = settings.kinds().into_iter().map(actions::Kind::name).collect();
    let full = state.seats.full(&visitor.user).map(|full| full.to_string());
    let expires = clock::text(visitor.expires);
    Json(json!({ "user": visitor.user, "expires": expires, "actions": kinds, "full": full })).into_response()
}

/// What the page may do (Content Security Policy, level 3). Other services share its origin, and serve what people upload: scripts come from
/// the service's own folder and from nowhere else on it.
fn policy(public: &Public) -> String {
    let origin = public.origin();
    // On a host of its own the page is there twice.
    let folders: Vec<String> = [public.prefix(), "/chat"].iter().map(|prefix| format!("{origin}{prefix}/")).collect();
    let from = |path: &str| {
        let mut sources: Vec<String> = folders.iter().map(|folder| format!("{folder}{path}")).collect();
        sources.dedup();
        sources.join(" ")
    };
    let (files, own, logout) = (from("static/"), from(""), from("logout"));
    // `http` becomes `ws`, and `https` `wss`.
    let socket: Vec<String> = from("ws").split(' ').map(|source| source.replacen("http", "ws", 1)).collect();
    let socket = socket.join(" ");
    format!(
        "default-src 'none'; script-src {files}; style-src {files}; img-src {files}; connect-src {own} {socket}; base-uri 'none'; \
         form-action {logout}; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Mode;

    #[test]
    fn scripts_come_from_the_own_folder_alone() {
        let policy = |mode, origin: &str| policy(&Public::new(mode, &origin.parse().unwrap()));
        let subpath = policy(Mode::Subpath, "http://edge.test:8080");
        assert!(subpath.contains("script-src http://edge.test:8080/chat/static/;"), "{subpath}");
        assert!(subpath.contains("connect-src http://edge.test:8080/chat/ ws://edge.test:8080/chat/ws;"), "{subpath}");
        let subdomain = policy(Mode::Subdomain, "https://chat.edge.test");
        let sources = "https://chat.edge.test/static/ https://chat.edge.test/chat/static/";
        assert!(subdomain.contains(&format!("script-src {sources};")), "{subdomain}");
        assert!(subdomain.contains(" wss://chat.edge.test/ws "), "{subdomain}");
        assert!(!subdomain.contains("unsafe") && !subdomain.contains('*'));
    }

    /// A reference that begins with a slash leads past the prefix, and one with a host elsewhere.
    #[test]
    fn everything_in_the_page_is_relative() {
        for file in files::STATIC.iter().chain([&files::INDEX]) {
            let text = String::from_utf8_lossy(file.content);
            for wrong in [
                "src=\"/",
                "href=\"/",
                "src=\"http",
                "href=\"http",
                "url(",
                "@import",
                "from \"/",
                "fetch(\"/",
                "innerHTML",
                "insertAdjacent",
                "document.write",
                "eval(",
            ] {
                assert!(!text.contains(wrong), "{}: {wrong}", file.name);
            }
            assert!(
                !text.contains("<script>") && !text.contains(" style=") && !text.contains(" onclick="),
                "{}",
                file.name
            );
        }
    }

    #[test]
    fn the_page_names_files_that_are_there() {
        let index = String::from_utf8_lossy(files::INDEX.content);
        let named: Vec<&str> = index.split("\"static/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(named.len() >= 3, "{named:?}");
        let modules = files::STATIC.iter().filter(|file| file.name.ends_with(".js"));
        let sources: Vec<String> = modules.map(|file| String::from_utf8_lossy(file.content).into_owned()).collect();
        let imported =
            sources.iter().flat_map(|text| text.split("from \"./").skip(1)).filter_map(|rest| rest.split('"').next());
        for name in named.into_iter().chain(imported) {
            assert!(files::STATIC.iter().any(|file| file.name == name), "{name}");
        }
    }
}
