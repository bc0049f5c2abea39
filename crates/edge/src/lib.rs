//! The in-process edge: what Caddy does with the generated file, done from the same routes on hyper.
//!
//! A differential suite sends the same requests through both and compares what comes back and what the service saw.

mod answer;
mod forward;
mod gate;
mod headers;
mod limit;
mod pool;
mod tunnel;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::{Method, Request, Response};
use hyper::body::Incoming;
use routes::matching::{self, Decision};
use routes::{RouteError, Scheme, Site, validate};
use serve::{Body, Log, Peer, Server, ServerConfig};
use tokio::net::TcpListener;

use pool::Pool;

/// Why an edge does not start.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// The site can't be served.
    #[error(transparent)]
    Site(#[from] RouteError),
    /// The origin's scheme isn't the one that the edge speaks.
    #[error("origin: this edge speaks {speaks}, and the origin is {origin}; start another edge for it")]
    Scheme {
        /// What it speaks.
        speaks: Scheme,
        /// The origin.
        origin: String,
    },
    /// The listener has no address.
    #[error("the edge can't listen: {0}")]
    Listen(#[from] io::Error),
}

/// An edge that is running. Dropping it frees its port and closes its connections, tunnels too.
#[derive(Debug)]
pub struct Edge {
    server: Server,
    log: Log,
    site: Arc<RwLock<Arc<Site>>>,
    scheme: Scheme,
}

impl Edge {
    /// Serves a site at the listener, whose port should be the origin's, over plain HTTP.
    ///
    /// # Errors
    /// A site that is wrong, or whose origin is https.
    pub fn start(site: Site, listener: TcpListener) -> Result<Self, EdgeError> {
        Self::start_over(site, listener, None)
    }

    /// Serves a site over TLS. The files that the site names for Caddy don't matter here: certificate and key come in
    /// the configuration.
    ///
    /// # Errors
    /// A site that is wrong, or whose origin isn't https.
    pub fn start_tls(site: Site, listener: TcpListener, tls: Arc<ServerConfig>) -> Result<Self, EdgeError> {
        Self::start_over(site, listener, Some(tls))
    }

    fn start_over(site: Site, listener: TcpListener, tls: Option<Arc<ServerConfig>>) -> Result<Self, EdgeError> {
        let scheme = if tls.is_some() { Scheme::Https } else { Scheme::Http };
        check(&site, scheme)?;
        let site = Arc::new(RwLock::new(Arc::new(site)));
        let log = Log::default();
        let pool = Arc::new(Pool::default());
        let (current, lines) = (site.clone(), log.clone());
        let server = Server::start_over(listener, tls, move |request, peer| {
            let site = current.read().unwrap_or_else(PoisonError::into_inner).clone();
            let (lines, pool) = (lines.clone(), pool.clone());
            async move {
                let (method, path) = (request.method().clone(), request.uri().path().to_owned());
                let answer = handle(&site, request, &peer, &pool).await;
                lines.access(method.as_str(), &path, answer.status().as_u16());
                answer
            }
        })?;
        Ok(Self { server, log, site, scheme })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.address()
    }

    /// What it logged.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Serves another site from the next request on. Requests and tunnels under way are not disturbed.
    ///
    /// # Errors
    /// As [`Edge::start`]; the old site stays.
    pub fn replace(&self, site: Site) -> Result<(), EdgeError> {
        check(&site, self.scheme)?;
        *self.site.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(site);
        Ok(())
    }

    /// Stops it, letting requests under way finish for as long as `grace`.
    pub async fn shutdown(self, grace: Duration) {
        self.server.shutdown(grace).await;
    }
}

fn check(site: &Site, speaks: Scheme) -> Result<(), EdgeError> {
    validate::site(site)?;
    if site.listens().0 == speaks { Ok(()) } else { Err(EdgeError::Scheme { speaks, origin: site.origin.to_string() }) }
}

async fn handle(site: &Site, request: Request<Incoming>, peer: &Peer, pool: &Arc<Pool>) -> Response<Body> {
    let host = match headers::host(&request) {
        Ok(host) => host,
        Err(why) => return answer::text(400, why),
    };
    let target = headers::target(request.uri());
    if target == "*" && request.method() == Method::OPTIONS {
        // About the server as a whole, not about any of its addresses (RFC 9110, section 9.3.7).
        return answer::nothing();
    }
    match matching::route(site, &host, &target) {
        Decision::Forward { route, forward, target, original } => {
            let forwarding =
                forward::Forwarding { route, forward, target, original, host: &host, scheme: site.origin.scheme };
            forwarding.run(request, peer, pool).await
        }
        Decision::Redirect { status, location, .. } => answer::redirect(status, &location),
        Decision::Respond { status, body: "", .. } => answer::empty_with(status),
        Decision::Respond { status, body, .. } => answer::text(status, body),
        Decision::NotFound => answer::text(404, matching::NOT_FOUND),
        Decision::BadRequest(error) => answer::text(400, &error.to_string()),
    }
}
