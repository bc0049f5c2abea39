//! Answers in the shapes that the service gives.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};
use serve::{Body, full};

/// A content of a type.
pub(super) fn content(status: StatusCode, kind: &'static str, content: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut answer = Response::new(full(content));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

pub(super) fn json(status: StatusCode, value: &Value) -> Response<Body> {
    content(status, "application/json", value.to_string())
}

/// What went wrong, for programs and for their users.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    json(status, &json!({ "error": { "code": code, "message": message } }))
}

pub(super) fn not_found() -> Response<Body> {
    error(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
}

/// 401 for a program.
pub(super) fn unauthenticated() -> Response<Body> {
    challenge(error(StatusCode::UNAUTHORIZED, "unauthenticated", "nobody is signed in; sign in at the chat's login"))
}

/// With the challenge that a 401 has (RFC 9110, section 15.5.2).
pub(super) fn challenge(mut answer: Response<Body>) -> Response<Body> {
    answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Cookie realm=\"chat\""));
    answer
}

pub(super) fn see_other(location: &str) -> Response<Body> {
    let mut answer = Response::new(serve::empty());
    *answer.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(location) = HeaderValue::from_str(location) {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}

/// A page with a few words and perhaps a link. `goes`: it follows the link by itself.
pub(super) fn page(
    status: StatusCode,
    title: &str,
    words: &str,
    link: Option<(&str, &str)>,
    goes: bool,
) -> Response<Body> {
    let (title, words) = (escape(title), escape(words));
    let (mut refresh, mut anchor) = (String::new(), String::new());
    if let Some((to, says)) = link.map(|(to, says)| (escape(to), escape(says))) {
        anchor = format!("<p><a href=\"{to}\">{says}</a></p>\n");
        if goes {
            refresh = format!("<meta http-equiv=\"refresh\" content=\"2; url={to}\">\n");
        }
    }
    let text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n{refresh}<title>{title}</title>\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n<p>{words}</p>\n{anchor}</main>\n</body>\n</html>\n"
    );
    content(status, "text/html; charset=utf-8", text)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// The fields that every answer has, where nothing else was said.
pub(super) fn finish(answer: &mut Response<Body>) {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (X_FRAME_OPTIONS, "DENY"),
    ] {
        answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
}
