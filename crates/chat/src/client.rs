//! Requests to other services, bounded in time and in size.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use outbound::Outbound;

/// How long an answer may take, in all, unless who embeds the service says otherwise. A person waits for it.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// How requests go out: over plain HTTP or TLS, to whom the system's authorities vouch for (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others).
/// Redirects are not followed, and an answer of more than a mebibyte is an error. Clones share what was read of certificates.
#[derive(Debug, Clone)]
pub struct Client {
    outbound: Outbound,
    patience: Duration,
}

/// Why there is no whole answer. It names the other's host and what went wrong, and no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ClientError(String);

impl Client {
    /// A client that finds names and trusts authorities so, and waits for an answer for so long.
    pub fn new(outbound: Outbound, patience: Duration) -> Self {
        Self { outbound, patience }
    }

    /// How long it waits for an answer.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Sends a request with an absolute `http` or `https` URI.
    ///
    /// # Errors
    /// No whole answer came in time.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ClientError> {
        self.outbound.send(request, self.patience).await.map_err(ClientError)
    }
}
