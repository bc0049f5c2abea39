//! What the edge says by itself.

use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Response, StatusCode};
use serve::{Body, empty, full};

/// A sentence as plain text.
pub(crate) fn text(status: u16, words: &str) -> Response<Body> {
    let mut answer = Response::new(full(words.to_owned()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

/// 200, and nothing to say.
pub(crate) fn nothing() -> Response<Body> {
    Response::new(empty())
}

/// A status, and nothing to say.
pub(crate) fn empty_with(status: u16) -> Response<Body> {
    let mut answer = nothing();
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer
}

/// A redirect, without content as Caddy's are.
pub(crate) fn redirect(status: u16, location: &str) -> Response<Body> {
    let Ok(location) = HeaderValue::from_bytes(location.as_bytes()) else {
        return text(400, "400: the query can't stand in a header field");
    };
    let mut answer = Response::new(empty());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::FOUND);
    answer.headers_mut().insert(LOCATION, location);
    answer
}
