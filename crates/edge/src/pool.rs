//! Connections to services, kept open for the next request.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use routes::Upstream;
use serve::Body;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// How long a connection waits for its next request: shorter than servers wait, so that none closes under a request.
const IDLE: Duration = Duration::from_secs(2);
/// How long a service may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(3);

type Sender = SendRequest<Body>;

/// Connections that wait for their next request.
#[derive(Default)]
pub(crate) struct Pool {
    idle: Mutex<HashMap<String, Vec<(Instant, Sender)>>>,
}

impl Pool {
    /// Sends a request and gives its answer's head. The connection comes back by itself once the answer is read.
    pub(crate) async fn send(
        self: &Arc<Self>,
        upstream: &Upstream,
        request: Request<Body>,
        closing: &CancellationToken,
    ) -> Result<Response<Incoming>, SendError> {
        let key = upstream.to_string();
        let mut request = request;
        while let Some(mut sender) = self.take(&key) {
            match sender.try_send_request(request).await {
                Ok(answer) => {
                    self.give_back(key, sender, closing.clone());
                    return Ok(answer);
                }
                // The service closed the connection before anything was sent.
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(SendError::Broken(error.into_error())),
                },
            }
        }
        let mut sender = connect(upstream, closing.clone()).await?;
        let answer = sender.send_request(request).await.map_err(SendError::Broken)?;
        self.give_back(key, sender, closing.clone());
        Ok(answer)
    }

    fn take(&self, key: &str) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let senders = idle.get_mut(key)?;
        while let Some((since, sender)) = senders.pop() {
            if since.elapsed() < IDLE && sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    fn give_back(self: &Arc<Self>, key: String, mut sender: Sender, closing: CancellationToken) {
        let pool: Weak<Self> = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::select! {
                ready = sender.ready() => if ready.is_ok() && let Some(pool) = pool.upgrade() {
                    let mut idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
                    let senders = idle.entry(key).or_default();
                    senders.retain(|(since, sender)| since.elapsed() < IDLE && !sender.is_closed());
                    senders.push((Instant::now(), sender));
                },
                () = closing.cancelled() => {}
            }
        });
    }
}

async fn connect(upstream: &Upstream, closing: CancellationToken) -> Result<Sender, SendError> {
    let address = (upstream.host.as_str(), upstream.port);
    let stream = match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
        Ok(connected) => connected.map_err(SendError::Unreachable)?,
        Err(_) => return Err(SendError::Unreachable(io::ErrorKind::TimedOut.into())),
    };
    // Small requests must not wait for acknowledgements. Where the option can't be set the connection still works.
    let _ = stream.set_nodelay(true);
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(SendError::Broken)?;
    tokio::spawn(async move {
        tokio::select! {
            // What goes wrong here is told to the request that waits for its answer.
            _ = connection.with_upgrades() => {}
            () = closing.cancelled() => {}
        }
    });
    Ok(sender)
}

/// Why there is no answer from a service.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// Nobody listens, or the name is unknown.
    #[error("{}", reason(.0))]
    Unreachable(io::Error),
    /// What came back was no answer.
    #[error("it broke off: {0}")]
    Broken(hyper::Error),
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "the connection was refused: nothing listens there".to_owned(),
        io::ErrorKind::TimedOut => "the connection was not accepted in time".to_owned(),
        _ => error.to_string(),
    }
}
