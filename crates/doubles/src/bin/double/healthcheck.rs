//! Asks a server whether it is well, for images that have no other program to do so.

use std::time::Duration;

use bytes::Bytes;
use doubles::outbound::Outbound;
use http::Request;

/// How long the answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Whether the address answers 2xx.
///
/// # Errors
/// It doesn't; the text says what came.
pub(crate) async fn check(url: &str) -> Result<(), String> {
    let request = Request::get(url).body(Bytes::new()).map_err(|error| format!("{url}: {error}"))?;
    let answer = Outbound::default().send(request, TIMEOUT).await.map_err(|error| format!("{url}: {error}"))?;
    let status = answer.status();
    if status.is_success() { Ok(()) } else { Err(format!("{url}: expected 2xx, found {status}")) }
}
