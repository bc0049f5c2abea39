//! The content of requests.

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serve::Body;

use super::answer;

/// The largest form that is read, in bytes.
pub(super) const FORM: usize = 1 << 20;
/// The largest content of an API request: a file in base64 may be large.
pub(super) const API: usize = 128 << 20;

/// Reads a request's content.
///
/// # Errors
/// It is larger, or it broke off; with the answer that says so.
pub(super) async fn read(body: Incoming, limit: usize) -> Result<Bytes, Response<Body>> {
    match Limited::new(body, limit).collect().await {
        Ok(content) => Ok(content.to_bytes()),
        Err(_) => Err(answer::bare(StatusCode::PAYLOAD_TOO_LARGE)),
    }
}
