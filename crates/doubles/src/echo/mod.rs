//! An echo: over HTTP it says what reached it, over WebSocket it sends back what it is sent.
//!
//! It stands behind an edge where an application would, so that a scenario can see what an application sees: which
//! fields the edge adds, which it takes off, whether it passes upgrades and streams on. It answers at every path, and
//! shows cookies and credentials to whoever sent them: it belongs into stacks that stand for a test, nowhere else.
//!
//! - [`request`]: a request as JSON
//! - `socket`: WebSockets (RFC 6455)
//! - `stream`: a content that takes its time
//! - [`command`]: messages that ask for something else than themselves

pub mod command;
pub mod request;
mod socket;
mod stream;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serve::{Body, Log, Peer, Server, full};
use tokio::net::TcpListener;

/// The largest content of a request, and the largest WebSocket message, in bytes.
pub const LIMIT: usize = 1024 * 1024;

/// An echo that is running. Dropping it frees its port and closes its connections.
#[derive(Debug)]
pub struct Echo {
    server: Server,
    log: Log,
}

impl Echo {
    /// Serves at the listener.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn serve(listener: TcpListener) -> io::Result<Self> {
        let log = Log::default();
        let lines = log.clone();
        let server = Server::start(listener, move |request, peer| {
            let lines = lines.clone();
            async move {
                let (method, path) = (request.method().clone(), request.uri().path().to_owned());
                let answer = answer(request, &peer).await;
                lines.access(method.as_str(), &path, answer.status().as_u16());
                answer
            }
        })?;
        Ok(Self { server, log })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What it logged.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Stops it, letting requests under way finish for as long as `grace`. Open WebSockets are closed with 1001.
    pub async fn shutdown(self, grace: Duration) {
        self.server.shutdown(grace).await;
    }

    /// Stops it as [`Self::shutdown`] does, for [`Self::resume`]: it forgets nothing.
    pub async fn pause(&mut self, grace: Duration) {
        self.server.pause(grace).await;
    }

    /// Starts it again, as a restart on the same data does.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn resume(&mut self, listener: TcpListener) -> io::Result<()> {
        self.server.resume(listener)
    }
}

async fn answer(request: Request<Incoming>, peer: &Peer) -> Response<Body> {
    if socket::is_wanted(request.headers()) {
        return socket::accept(request, peer);
    }
    let (parts, body) = request.into_parts();
    if let Some(streamed) = stream::answer(&parts) {
        return streamed;
    }
    let content = match Limited::new(body, LIMIT).collect().await {
        Ok(content) => content.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return text(StatusCode::PAYLOAD_TOO_LARGE, "413: the echo takes no more than 1 MiB");
        }
        Err(_) => return text(StatusCode::BAD_REQUEST, "400: the content broke off"),
    };
    let described = request::describe(&parts, peer.address, &content);
    let body = if parts.method == Method::HEAD { serve::empty() } else { full(format!("{described:#}\n")) };
    let mut answer = Response::new(body);
    let fields = answer.headers_mut();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // The next request has other fields.
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn text(status: StatusCode, words: &'static str) -> Response<Body> {
    let mut answer = Response::new(full(words));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}
