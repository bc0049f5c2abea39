//! How an exchange went.

use crate::evidence::{Exchange, ResponseRecord};

/// The request asks for a WebSocket.
pub(crate) fn is_handshake(exchange: &Exchange) -> bool {
    let mut headers = exchange.request.headers.iter();
    headers.any(|(name, value)| name.eq_ignore_ascii_case("upgrade") && value.eq_ignore_ascii_case("websocket"))
}

/// The status that came.
pub(crate) fn status(exchange: &Exchange) -> Option<u16> {
    exchange.response.as_ref().map(|response| response.status)
}

/// An edge says so where it has no answer from a service (RFC 9110, sections 15.6.3 to 15.6.5). One that came from behind the edge is a
/// service's own, about somebody that it asked in turn.
pub(crate) fn is_gateway_error(exchange: &Exchange) -> bool {
    exchange.response.as_ref().is_some_and(|response| matches!(response.status, 502..=504) && !came_through(response))
}

/// Nothing came, or it broke off.
pub(crate) fn is_broken(exchange: &Exchange) -> bool {
    exchange.error.is_some()
}

/// The answer came whole, and isn't a gateway's error.
pub(crate) fn is_whole(exchange: &Exchange) -> bool {
    exchange.response.is_some() && exchange.error.is_none() && !is_gateway_error(exchange)
}

/// The beginning of what came.
pub(crate) fn body(exchange: &Exchange) -> &str {
    exchange.response.as_ref().and_then(|response| response.body_excerpt.as_deref()).unwrap_or_default()
}

/// The answer came from behind the edge: it has the `Via` that a gateway adds (RFC 9110, section 7.6.3).
pub(crate) fn came_through(response: &ResponseRecord) -> bool {
    response.header("via").is_some()
}
