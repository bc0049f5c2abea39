//! The socket (RFC 6455): questions in, answers out, a word at a time.

mod connection;
mod flood;
mod incoming;
mod turns;

use std::sync::Arc;

use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serve::Body;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::defect::Defect;
use super::gate::{self, Visitor};
use super::{State, answer};

pub(super) use incoming::is_uuid;
pub(super) use turns::Turns;

/// Opens a socket for somebody who is signed in, from a page of the own origin.
pub(super) fn open(state: &Arc<State>, visitor: Visitor, mut request: Request<Incoming>) -> Response<Body> {
    if request.method() != Method::GET {
        return bare(StatusCode::METHOD_NOT_ALLOWED);
    }
    if !state.has(Defect::OriginUnchecked) && !gate::is_own(state, request.headers()) {
        return gate::foreign_origin();
    }
    let headers = request.headers();
    if !names(headers, &CONNECTION, "upgrade")
        || !names(headers, &UPGRADE, "websocket")
        || !names(headers, &SEC_WEBSOCKET_VERSION, "13")
    {
        let mut answer = answer::content(
            StatusCode::UPGRADE_REQUIRED,
            "text/plain; charset=utf-8",
            "This address speaks WebSocket.\n",
        );
        answer.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        answer.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return answer;
    }
    let key = headers
        .get(SEC_WEBSOCKET_KEY)
        .filter(|key| is_key(key.as_bytes()))
        .map(|key| derive_accept_key(key.as_bytes()));
    let Some(accept) = key.and_then(|key| HeaderValue::from_str(&key).ok()) else {
        return answer::content(
            StatusCode::BAD_REQUEST,
            "text/plain; charset=utf-8",
            "Sec-WebSocket-Key: 16 bytes in base64 were expected.\n",
        );
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let state = state.clone();
    tokio::spawn(async move {
        // A client that went away before it was answered concerns nobody but itself.
        if let Ok(upgraded) = upgrade.await {
            connection::serve(state, visitor, upgraded).await;
        }
    });
    let mut answer = bare(StatusCode::SWITCHING_PROTOCOLS);
    let fields = answer.headers_mut();
    fields.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    fields.insert(UPGRADE, HeaderValue::from_static("websocket"));
    fields.insert(SEC_WEBSOCKET_ACCEPT, accept);
    answer
}

fn bare(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(serve::empty());
    *answer.status_mut() = status;
    answer
}

fn names(headers: &HeaderMap, field: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(field).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|each| each.trim().eq_ignore_ascii_case(token))
}

/// 16 bytes in base64.
fn is_key(key: &[u8]) -> bool {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16)
}
