//! The page.

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;
use serve::Body;

use super::defect::Defect;
use super::gate::Visitor;
use super::{State, actions, answer, clock};

const INDEX: &str = include_str!("page/index.html");
const SCRIPT: &str = include_str!("page/chat.js");
const STYLE: &str = include_str!("page/chat.css");

/// What stands before the paths of the page's requests, in its files.
const BASE: &str = "{base}";

/// The page itself. All that it refers to is relative to it.
pub(super) fn index(state: &State) -> Response<Body> {
    let mut answer = file_of(state, "text/html; charset=utf-8", INDEX);
    let settings = &state.settings;
    let own = format!("{}{}/", settings.origin, settings.prefix());
    let socket = own.replacen("http", "ws", 1);
    let policy = format!(
        "default-src 'none'; script-src {own}static/; style-src {own}static/; img-src {own}static/; connect-src {own} {socket}ws; \
         base-uri 'none'; form-action {own}logout; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

/// What the page loads.
pub(super) fn file(state: &State, name: &str) -> Response<Body> {
    match name {
        "chat.js" => file_of(state, "text/javascript; charset=utf-8", SCRIPT),
        "chat.css" => file_of(state, "text/css; charset=utf-8", STYLE),
        _ => answer::not_found(),
    }
}

fn file_of(state: &State, kind: &'static str, content: &str) -> Response<Body> {
    let base = if state.has(Defect::RootAbsoluteFetch) { "/" } else { "" };
    let mut answer = answer::content(StatusCode::OK, kind, content.replace(BASE, base));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    answer
}

/// Who is signed in, until when, and which actions there are.
pub(super) fn session(state: &State, visitor: &Visitor) -> Response<Body> {
    let mut told =
        json!({ "user": visitor.user, "expires": clock::text(visitor.expires), "actions": actions::kinds(state) });
    if state.has(Defect::TokenTold) {
        told["token"] = state.settings.forge_token.as_deref().into();
    }
    answer::json(StatusCode::OK, &told)
}
