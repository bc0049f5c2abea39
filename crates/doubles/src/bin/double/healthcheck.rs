//! Asks a server whether it is well, for images that have no other program to do so.

use std::time::Duration;

use bytes::Bytes;
use doubles::outbound::Outbound;
use http::Request;
use tokio::net::TcpStream;

/// How long the answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Whether the address answers 2xx; or takes a connection, where it is `tcp://HOST:PORT`.
///
/// # Errors
/// It doesn't; the text says what came.
pub(crate) async fn check(url: &str) -> Result<(), String> {
    if let Some(address) = url.strip_prefix("tcp://") {
        return match tokio::time::timeout(TIMEOUT, TcpStream::connect(address)).await {
            Ok(connected) => connected.map(drop).map_err(|error| format!("{url}: {error}")),
            Err(_) => Err(format!("{url}: no connection within {} s", TIMEOUT.as_secs())),
        };
    }
    let request = Request::get(url).body(Bytes::new()).map_err(|error| format!("{url}: {error}"))?;
    let answer = Outbound::default().send(request, TIMEOUT).await.map_err(|error| format!("{url}: {error}"))?;
    let status = answer.status();
    if status.is_success() { Ok(()) } else { Err(format!("{url}: expected 2xx, found {status}")) }
}
