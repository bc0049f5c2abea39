//! Answers in the shapes that a forge gives.

use http::header::{ALLOW, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, Response, StatusCode};
use serve::{Body, empty, full};

/// An answer with a content of this type.
pub(super) fn content(status: StatusCode, kind: &'static str, body: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut answer = Response::new(full(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

/// A page.
pub(super) fn html(status: StatusCode, page: String) -> Response<Body> {
    content(status, "text/html; charset=utf-8", page)
}

/// An answer of the API. Its type is written without a space, as the real ones write it.
pub(super) fn api(status: StatusCode, value: &serde_json::Value) -> Response<Body> {
    content(status, "application/json;charset=utf-8", format!("{value}\n"))
}

/// No content, and no type.
pub(super) fn bare(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(empty());
    *answer.status_mut() = status;
    answer
}

/// A redirect. As Go's standard library does it, the answer to GET and HEAD has a small page.
pub(super) fn redirect(method: &Method, status: StatusCode, location: &str) -> Response<Body> {
    let mut answer = if *method == Method::GET || *method == Method::HEAD {
        let reason = status.canonical_reason().unwrap_or_default();
        html(status, format!("<a href=\"{}\">{reason}</a>.\n\n", super::pages::escape(location)))
    } else {
        bare(status)
    };
    if let Ok(value) = HeaderValue::from_str(location) {
        answer.headers_mut().insert(LOCATION, value);
    }
    answer
}

/// The path is there, but not for this method.
pub(super) fn wrong_method(allowed: &'static str) -> Response<Body> {
    let mut answer = bare(StatusCode::METHOD_NOT_ALLOWED);
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

/// A few words, as Go's standard library answers them.
pub(super) fn words(status: StatusCode, text: &str) -> Response<Body> {
    content(status, "text/plain; charset=utf-8", format!("{text}\n"))
}

/// It isn't the client's fault.
pub(super) fn failed(error: &std::io::Error) -> Response<Body> {
    words(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
}
