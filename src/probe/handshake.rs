//! A WebSocket that nobody talks over: whether it opens, and how long it lives.

use std::time::Duration;

use base64::Engine as _;
use hyper::upgrade::Upgraded;
use scenario::Redactor;
use verdict::evidence::{EndingKind, WebSocketRecord};

use crate::engine::http::target::Origin;
use crate::engine::socket::{End, SocketLog};
use crate::engine::steps::websocket::Connection;

/// The fields of an opening handshake (RFC 6455, section 4.1) from a page of this origin; `None` without random bytes.
pub(super) fn fields(origin: &Origin) -> Option<Vec<(String, Vec<u8>)>> {
    let mut key = [0; 16];
    getrandom::fill(&mut key).ok()?;
    let key = base64::engine::general_purpose::STANDARD.encode(key);
    let origin = origin.to_string();
    let fields = [
        ("Origin", origin.as_str()),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", &key),
    ];
    Some(fields.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).into())
}

/// Reads until it ends, for at most this long.
pub(super) async fn watch(switched: Upgraded, time: Duration, redactor: &Redactor) -> WebSocketRecord {
    let mut log = SocketLog::new(None);
    let mut connection = Connection::new(switched).await;
    let end = match tokio::time::timeout(time, connection.until_the_end(&mut log)).await {
        Ok(end) => end,
        Err(_) => End { how: EndingKind::StillOpen, at: log.age(), code: None, reason: String::new() },
    };
    log.end(end);
    log.record(redactor)
}
