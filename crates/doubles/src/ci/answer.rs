//! Answers in the shapes that Woodpecker gives.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, EXPIRES, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use serde_json::Value;
use serve::{Body, empty, full};

/// An answer with a content of this type.
pub(super) fn content(status: StatusCode, kind: &'static str, body: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut answer = Response::new(full(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

/// Words.
pub(super) fn text(status: StatusCode, words: impl Into<bytes::Bytes>) -> Response<Body> {
    content(status, "text/plain; charset=utf-8", words)
}

/// JSON.
pub(super) fn json(value: &Value) -> Response<Body> {
    content(StatusCode::OK, "application/json; charset=utf-8", value.to_string())
}

/// No content, and no type.
pub(super) fn bare(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(empty());
    *answer.status_mut() = status;
    answer
}

/// What nobody is there to ask for.
pub(super) fn unauthorized() -> Response<Body> {
    text(StatusCode::UNAUTHORIZED, "User not authorized")
}

/// A redirect. As Go's standard library does it, the answer to GET and HEAD has a small page.
pub(super) fn redirect(method: &Method, status: StatusCode, location: &str) -> Response<Body> {
    let mut answer = if matches!(*method, Method::GET | Method::HEAD) {
        let reason = status.canonical_reason().unwrap_or_default();
        let page = format!("<a href=\"{}\">{reason}</a>.\n\n", escape(location));
        content(status, "text/html; charset=utf-8", page)
    } else {
        bare(status)
    };
    if let Ok(value) = HeaderValue::from_str(location) {
        answer.headers_mut().insert(LOCATION, value);
    }
    answer
}

/// Text as it stands in a page.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&#34;").replace('\'', "&#39;")
}

/// The answer to `OPTIONS`, whatever was asked for.
pub(super) fn options() -> Response<Body> {
    let mut answer = bare(StatusCode::OK);
    let headers = answer.headers_mut();
    let static_value = HeaderValue::from_static;
    headers.insert(ALLOW, static_value("HEAD,GET,POST,PUT,PATCH,DELETE,OPTIONS"));
    headers.insert("access-control-allow-methods", static_value("GET,POST,PUT,PATCH,DELETE,OPTIONS"));
    headers.insert("access-control-allow-headers", static_value("authorization, origin, content-type, accept"));
    headers.insert(CONTENT_TYPE, static_value("application/json"));
    headers.insert("access-control-allow-origin", static_value("*"));
    headers.insert(CACHE_CONTROL, static_value(NO_CACHE));
    headers.insert(EXPIRES, static_value(EXPIRED));
    answer
}

const NO_CACHE: &str = "no-cache, no-store, max-age=0, must-revalidate, value";
const EXPIRED: &str = "Thu, 01 Jan 1970 00:00:00 GMT";

/// What every answer says, unless it says otherwise itself.
pub(super) fn common_headers(headers: &mut HeaderMap) {
    const COMMON: [(HeaderName, &str); 6] = [
        (CACHE_CONTROL, NO_CACHE),
        (HeaderName::from_static("access-control-allow-origin"), "*"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        (HeaderName::from_static("x-xss-protection"), "1; mode=block"),
        (HeaderName::from_static("x-woodpecker-version"), super::model::VERSION),
    ];
    // What may be kept expires by its age.
    let may_be_kept = headers.get(CACHE_CONTROL).is_some_and(|value| value.as_bytes().starts_with(b"public"));
    if !may_be_kept {
        headers.insert(EXPIRES, HeaderValue::from_static(EXPIRED));
    }
    for (name, value) in COMMON {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
