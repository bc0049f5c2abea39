//! What the server answers to a request of a browser, a program or a webhook.

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::json;
use serve::Body;

use super::model::VERSION;
use super::route::Route;
use super::session::{self, Visitor};
use super::sign_in::{self, Fields};
use super::{State, answer, api, dashboard};

/// The largest content that is read, in bytes: a webhook of a large push.
const MAX_BODY: usize = 8 << 20;

/// Answers one request.
pub(super) async fn answer(state: &State, request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let route = Route::parse(&state.settings.root_path, &parts.method, parts.uri.path());
    // Found before anything else is done: neither fields nor who asks play a part.
    if let Route::Moved(path) = route {
        let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let status =
            if parts.method == Method::GET { StatusCode::MOVED_PERMANENTLY } else { StatusCode::TEMPORARY_REDIRECT };
        return answer::redirect(&parts.method, status, &format!("{path}{query}"));
    }
    if parts.method == Method::OPTIONS {
        return answer::options();
    }
    let mut answer = routed(state, &route, &parts, body).await;
    answer::common_headers(answer.headers_mut());
    answer
}

async fn routed(state: &State, route: &Route<'_>, parts: &Parts, body: Incoming) -> Response<Body> {
    let user = match Visitor::of(&state.store, parts) {
        Visitor::Forged => return answer::bare(StatusCode::UNAUTHORIZED),
        Visitor::Guest => None,
        Visitor::User(user) => Some(user),
    };
    let settings = &state.settings;
    match route {
        // A move was answered before.
        Route::Index | Route::Moved(_) => dashboard::index(settings),
        Route::WebConfig => {
            let csrf = user.as_ref().map(session::csrf);
            dashboard::web_config(settings, user.as_ref().zip(csrf.as_deref()))
        }
        Route::Logout => sign_in::sign_out(state, parts),
        Route::Authorize => match form(parts, body).await {
            Ok(form) => sign_in::authorize(state, parts, &Fields::new(parts.uri.query(), &form)).await,
            Err(refusal) => refusal,
        },
        Route::Version => {
            answer::json(&json!({ "source": "https://github.com/woodpecker-ci/woodpecker", "version": VERSION }))
        }
        Route::Health => answer::bare(StatusCode::NO_CONTENT),
        // Without a token for it in the settings it isn't there.
        Route::Metrics => answer::bare(StatusCode::NOT_FOUND),
        Route::Swagger(name) => dashboard::swagger(name),
        Route::Icon => {
            let location = format!("{}/favicons/favicon-light-default.svg", settings.root_path);
            answer::redirect(&parts.method, StatusCode::PERMANENT_REDIRECT, &location)
        }
        Route::File(name) => {
            let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
            dashboard::file(settings, &name, parts.uri.query().is_some())
        }
        Route::Api(call) => match read(body).await {
            Ok(content) => api::answer(state, call, user, parts, &content).await,
            Err(refusal) => refusal,
        },
    }
}

/// The content of a form; nothing where it is none.
async fn form(parts: &Parts, body: Incoming) -> Result<Bytes, Response<Body>> {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") { read(body).await } else { Ok(Bytes::new()) }
}

async fn read(body: Incoming) -> Result<Bytes, Response<Body>> {
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(content) => Ok(content.to_bytes()),
        Err(_) => Err(answer::bare(StatusCode::PAYLOAD_TOO_LARGE)),
    }
}
