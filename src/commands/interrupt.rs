//! Ctrl-C and SIGTERM: once to stop and tear down, again to be told that it is on its way.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first SIGINT or SIGTERM. Later ones are swallowed: tearing down is bounded in time,
/// and ending it half-way would leave containers behind.
///
/// # Errors
/// The system refuses the handlers.
pub(super) fn token() -> std::io::Result<CancellationToken> {
    let token = CancellationToken::new();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let cancel = token.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                received = interrupt.recv() => if received.is_none() { return },
                received = terminate.recv() => if received.is_none() { return },
            }
            cancel.cancel();
        }
    });
    Ok(token)
}
