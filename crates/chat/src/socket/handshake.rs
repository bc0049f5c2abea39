//! The opening handshake's own rules (RFC 6455, section 4.2).

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The answer that switches protocols, and what becomes the connection once it is sent.
///
/// # Errors
/// The answer to a request that isn't such a handshake.
pub(super) fn accept(request: &mut Request<Body>) -> Result<(Response, OnUpgrade), Response> {
    let headers = request.headers();
    if !names(headers, &CONNECTION, "upgrade") || !names(headers, &UPGRADE, "websocket") {
        let refusal = (StatusCode::UPGRADE_REQUIRED, "This address speaks WebSocket.\n");
        return Err(([(UPGRADE, "websocket"), (CONNECTION, "upgrade")], refusal).into_response());
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        let refusal = (StatusCode::UPGRADE_REQUIRED, "Version 13 was expected.\n");
        return Err(
            ([(SEC_WEBSOCKET_VERSION, "13"), (UPGRADE, "websocket"), (CONNECTION, "upgrade")], refusal).into_response()
        );
    }
    let key =
        headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).filter(|key| is_key(key)).map(derive_accept_key);
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let (Some(key), Some(upgrade)) = (key, upgrade) else {
        return Err((StatusCode::BAD_REQUEST, "Sec-WebSocket-Key: 16 bytes in base64 were expected.\n").into_response());
    };
    let fields = [(CONNECTION, "upgrade".to_owned()), (UPGRADE, "websocket".to_owned()), (SEC_WEBSOCKET_ACCEPT, key)];
    Ok(((StatusCode::SWITCHING_PROTOCOLS, fields).into_response(), upgrade))
}

/// Whether a list of tokens has this one.
fn names(headers: &HeaderMap, field: &HeaderName, token: &str) -> bool {
    headers
        .get_all(field)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|each| each.trim().eq_ignore_ascii_case(token)))
}

/// A key is sixteen bytes in base64.
fn is_key(key: &[u8]) -> bool {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16)
}
