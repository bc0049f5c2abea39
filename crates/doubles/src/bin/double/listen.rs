//! Addresses as Go's programs take them.

use tokio::net::TcpListener;

/// Listens at `host:port`, or at all of the machine's addresses where there is no host: `:8000`.
///
/// # Errors
/// The address can't be read or isn't free.
pub(crate) async fn listen(address: &str) -> Result<TcpListener, String> {
    if address.starts_with("unix://") {
        return Err(format!("listen {address}: the double has no unix sockets"));
    }
    let failed = |error: std::io::Error| format!("listen tcp {address}: {error}");
    match address.strip_prefix(':') {
        Some(port) => match TcpListener::bind(format!("[::]:{port}")).await {
            Ok(listener) => Ok(listener),
            // A machine without IPv6.
            Err(_) => TcpListener::bind(format!("0.0.0.0:{port}")).await.map_err(failed),
        },
        None => TcpListener::bind(address).await.map_err(failed),
    }
}
