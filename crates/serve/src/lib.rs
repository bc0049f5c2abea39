//! A listener, a handler, and an end: the HTTP/1.1 server, over TLS where it is told to, under the edge, the doubles and the services.
//!
//! Dropping a [`Server`] frees its port and closes its connections at once; [`Server::shutdown`] lets what is under way finish first.

mod body;
mod log;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

pub use body::{Body, BoxError, boxed, empty, full, pieces};
pub use log::Log;
pub use tokio_rustls::rustls::ServerConfig;

/// How long a client may take to send a request's header section, between requests too.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a client may take to agree on a key.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// What a handler knows of the connection that a request came on.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The client's address.
    pub address: SocketAddr,
    /// Cancelled when the server closes its connections, for tasks that outlive their request, such as tunnels.
    pub closing: CancellationToken,
    /// Cancelling it cuts this connection, in the middle of whatever is being said.
    pub cut: CancellationToken,
}

/// Begins to serve at a listener: until the one token is cancelled, and its connections until the other is.
type Begin =
    Box<dyn Fn(TcpListener, CancellationToken, CancellationToken) -> AbortOnDropHandle<()> + Send + Sync + 'static>;

/// A server that is running.
pub struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    closing: CancellationToken,
    task: Option<AbortOnDropHandle<()>>,
    begin: Begin,
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Server {
    /// Serves each request that comes in at the listener with the handler.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn start<H, F>(listener: TcpListener, handler: H) -> io::Result<Self>
    where
        H: Fn(Request<Incoming>, Peer) -> F + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        Self::start_over(listener, None, handler)
    }

    /// The same over TLS, where there is a configuration for it.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn start_over<H, F>(listener: TcpListener, tls: Option<Arc<ServerConfig>>, handler: H) -> io::Result<Self>
    where
        H: Fn(Request<Incoming>, Peer) -> F + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let address = listener.local_addr()?;
        let (tls, handler) = (tls.map(TlsAcceptor::from), Arc::new(handler));
        let begin: Begin = Box::new(move |listener, stop, closing| {
            AbortOnDropHandle::new(tokio::spawn(accept(listener, tls.clone(), handler.clone(), stop, closing)))
        });
        let (stop, closing) = (CancellationToken::new(), CancellationToken::new());
        let task = Some(begin(listener, stop.clone(), closing.clone()));
        Ok(Self { address, stop, closing, task, begin })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening, lets requests under way finish for as long as `grace`, then closes what is left.
    pub async fn shutdown(mut self, grace: Duration) {
        self.pause(grace).await;
    }

    /// Answers again after a pause, at this listener.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn resume(&mut self, listener: TcpListener) -> io::Result<()> {
        self.address = listener.local_addr()?;
        (self.stop, self.closing) = (CancellationToken::new(), CancellationToken::new());
        self.task = Some((self.begin)(listener, self.stop.clone(), self.closing.clone()));
        Ok(())
    }

    /// As [`Server::shutdown`]; but what it answers with stays, for [`Server::resume`].
    pub async fn pause(&mut self, grace: Duration) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let mut task = task;
            let closing = self.closing.clone();
            tokio::select! {
                _ = &mut task => {}
                () = tokio::time::sleep(grace) => {
                    closing.cancel();
                    task.abort();
                    // Ended in any case, and so is the listener: its port is free.
                    drop(task.await);
                }
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        self.closing.cancel();
    }
}

async fn accept<H, F>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    handler: Arc<H>,
    stop: CancellationToken,
    closing: CancellationToken,
) where
    H: Fn(Request<Incoming>, Peer) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    let peer = Peer { address, closing: closing.clone(), cut: CancellationToken::new() };
                    connections.spawn(meet(stream, tls.clone(), peer, handler.clone(), stop.clone()));
                }
                // Out of file descriptors, most often: connections under way will give some back.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Agrees on a key where there is TLS, and serves what comes then.
async fn meet<H, F>(stream: TcpStream, tls: Option<TlsAcceptor>, peer: Peer, handler: Arc<H>, stop: CancellationToken)
where
    H: Fn(Request<Incoming>, Peer) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    // Small answers must not wait for the client's acknowledgements. Where the option can't be set the connection still works.
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = tls else { return serve(stream, peer, handler, stop).await };
    // A client that doesn't trust the certificate, or speaks no TLS, learns of it by itself.
    tokio::select! {
        agreed = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)) => {
            if let Ok(Ok(stream)) = agreed {
                serve(stream, peer, handler, stop).await;
            }
        }
        () = stop.cancelled() => {}
    }
}

async fn serve<S, H, F>(stream: S, peer: Peer, handler: Arc<H>, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Fn(Request<Incoming>, Peer) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let cut = peer.cut.clone();
    let service = service_fn(move |request| {
        let answer = handler(request, peer.clone());
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    // A connection that the client broke concerns nobody but the client.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = cut.cancelled() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = connection => {}
        () = cut.cancelled() => {}
    }
}

#[cfg(test)]
mod tests;
