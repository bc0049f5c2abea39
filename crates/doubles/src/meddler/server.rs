//! The proxy itself: one connection to the service for each request.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, Request, Response, StatusCode};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serve::{Body, BoxError, Log, Peer, Server, boxed, empty};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::rules::{Asked, Edits, Rules};
use super::{coding, content, head, tunnel};

/// How long the service may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(3);

/// A reverse proxy before one service. Dropping it frees its port.
#[derive(Debug)]
pub struct Meddler {
    server: Server,
    rules: Arc<RwLock<Arc<Rules>>>,
    log: Log,
}

impl Meddler {
    /// Passes on what comes in at the listener to the service at `upstream` (`HOST:PORT`), but for what the rules say.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn serve(listener: TcpListener, upstream: String, rules: Rules, log: Log) -> io::Result<Self> {
        let rules = Arc::new(RwLock::new(Arc::new(rules)));
        let (current, lines) = (rules.clone(), log.clone());
        let server = Server::start(listener, move |request, peer| {
            let rules = current.read().unwrap_or_else(PoisonError::into_inner).clone();
            let (lines, upstream) = (lines.clone(), upstream.clone());
            async move {
                let (method, path) = (request.method().clone(), request.uri().path().to_owned());
                match Exchange::new(&request, &rules, &peer).run(request, &upstream).await {
                    Ok(answer) => {
                        lines.access(method.as_str(), &path, answer.status().as_u16());
                        answer
                    }
                    // The edge shall see what it would see without us: a service that breaks off, or isn't there.
                    Err(error) => {
                        lines.line(format!("{method} {path} cut: {error}"));
                        match cut(&peer).await {}
                    }
                }
            }
        })?;
        Ok(Self { server, rules, log })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What it logged.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Goes by other rules from the next request on.
    pub fn replace(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    /// Stops it, letting requests under way finish for as long as `grace`.
    pub async fn shutdown(self, grace: Duration) {
        self.server.shutdown(grace).await;
    }
}

/// Ends the connection without another word.
async fn cut(peer: &Peer) -> Infallible {
    peer.cut.cancel();
    std::future::pending().await
}

/// One request, and what the rules say of it.
struct Exchange<'a> {
    rules: &'a Rules,
    peer: &'a Peer,
    came: Instant,
    target: String,
    host: String,
}

impl<'a> Exchange<'a> {
    fn new(request: &Request<Incoming>, rules: &'a Rules, peer: &'a Peer) -> Self {
        let host = head::host(request.uri(), request.headers());
        Self { rules, peer, came: Instant::now(), target: head::target(request.uri()), host }
    }

    async fn run(self, mut request: Request<Incoming>, upstream: &str) -> Result<Response<Body>, BoxError> {
        let asked = Asked { target: &self.target, host: &self.host };
        let (onward, own) = (self.rules.on_request(&asked), self.rules.own_answer(&asked));
        let back = self.rules.on_response(&asked);
        if let Some(edits) = own {
            let alarm = self.alarm([onward.close_after(), None]);
            tokio::time::sleep(onward.delay()).await;
            return Ok(by_itself(&edits, alarm));
        }
        let alarm = self.alarm([onward.close_after(), back.close_after()]);
        let method = request.method().clone();
        let switching = hyper::upgrade::on(&mut request);
        let request = prepared(request, &onward, back.changes_content()).await?;
        tokio::time::sleep(onward.delay()).await;
        let answer = send(upstream, request, self.peer).await?;
        tokio::time::sleep(back.delay()).await;
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS && back.status().is_none() {
            return Ok(self.switched(switching, answer, &back, alarm));
        }
        self.back(answer, &method, &back, alarm).await
    }

    /// Cuts the connection at the first of these times, counted from the request; not any more once it is dropped.
    fn alarm(&self, after: [Option<Duration>; 2]) -> Option<AbortOnDropHandle<()>> {
        let at = self.came + after.into_iter().flatten().min()?;
        let cut = self.peer.cut.clone();
        Some(AbortOnDropHandle::new(tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            cut.cancel();
        })))
    }

    /// The service's answer with its changes.
    async fn back(
        &self,
        answer: Response<Incoming>,
        method: &Method,
        edits: &Edits<'_>,
        alarm: Option<AbortOnDropHandle<()>>,
    ) -> Result<Response<Body>, BoxError> {
        let (mut parts, body) = answer.into_parts();
        head::of_next_connection(&mut parts.headers);
        parts.headers.remove(TRANSFER_ENCODING);
        let has_content = method != Method::HEAD && !body.is_end_stream();
        let body = if !edits.changes_content() || parts.status == StatusCode::PARTIAL_CONTENT {
            boxed(body)
        } else if !has_content {
            if method == Method::HEAD {
                // How long the content would be isn't known.
                parts.headers.remove(CONTENT_LENGTH);
            }
            boxed(body)
        } else if content::is_event_stream(&parts.headers) {
            content::changed_by_pieces(body, self.rules.clone(), self.target.clone(), self.host.clone())
        } else {
            content::changed(body, &mut parts.headers, edits).await?
        };
        if let Some(status) = edits.status() {
            parts.status = status;
        }
        edits.headers(&mut parts.headers);
        let mut answer = Response::new(content::under(alarm, body));
        *answer.status_mut() = parts.status;
        *answer.headers_mut() = parts.headers;
        Ok(without_content_where_there_is_none(answer))
    }

    /// The service's 101 with its changes; the connections are joined once it is sent.
    fn switched(
        &self,
        switching: OnUpgrade,
        mut answer: Response<Incoming>,
        edits: &Edits<'_>,
        alarm: Option<AbortOnDropHandle<()>>,
    ) -> Response<Body> {
        tunnel::join(switching, hyper::upgrade::on(&mut answer), self.peer, alarm);
        let (mut parts, _) = answer.into_parts();
        head::of_next_connection(&mut parts.headers);
        edits.headers(&mut parts.headers);
        let mut answer = Response::new(empty());
        *answer.status_mut() = parts.status;
        *answer.headers_mut() = parts.headers;
        answer
    }
}

/// An answer that never was the service's.
fn by_itself(edits: &Edits<'_>, alarm: Option<AbortOnDropHandle<()>>) -> Response<Body> {
    let mut answer = Response::new(content::under(alarm, empty()));
    *answer.status_mut() = edits.status().unwrap_or_default();
    edits.headers(answer.headers_mut());
    answer
}

/// 204 and 304 have no content, whatever the answer had that they were made of (RFC 9110, section 6.4.1).
fn without_content_where_there_is_none(answer: Response<Body>) -> Response<Body> {
    if !matches!(answer.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) || answer.body().is_end_stream() {
        return answer;
    }
    let (mut parts, _) = answer.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, empty())
}

/// The request as it goes on.
async fn prepared(
    request: Request<Incoming>,
    edits: &Edits<'_>,
    answer_is_read: bool,
) -> Result<Request<Body>, BoxError> {
    let (mut parts, body) = request.into_parts();
    head::of_next_connection(&mut parts.headers);
    if answer_is_read {
        coding::accept_known(&mut parts.headers);
    }
    let body = if edits.changes_content() && !body.is_end_stream() {
        content::changed(body, &mut parts.headers, edits).await?
    } else {
        boxed(body)
    };
    edits.headers(&mut parts.headers);
    let mut onward = Request::new(body);
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = parts.uri;
    *onward.headers_mut() = parts.headers;
    Ok(onward)
}

async fn send(upstream: &str, request: Request<Body>, peer: &Peer) -> Result<Response<Incoming>, BoxError> {
    let stream = tokio::time::timeout(CONNECT, TcpStream::connect(upstream)).await??;
    // Small requests must not wait for acknowledgements. Where the option can't be set the connection still works.
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let (closing, cut) = (peer.closing.clone(), peer.cut.clone());
    tokio::spawn(async move {
        tokio::select! {
            // What goes wrong here is told to the request that waits for its answer.
            _ = connection.with_upgrades() => {}
            () = closing.cancelled() => {}
            () = cut.cancelled() => {}
        }
    });
    Ok(sender.send_request(request).await?)
}
