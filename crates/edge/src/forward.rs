//! Requests on their way to a service, and answers on their way back.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::Body as _;
use hyper::body::Incoming;
use routes::{Forward, Route, Scheme, Upstream};
use serve::{Body, Peer, boxed};

use crate::gate::{self, Verdict};
use crate::limit::Limited;
use crate::pool::{Pool, SendError};
use crate::{answer, headers, tunnel};

const TOO_LARGE: &str = "413: the content is larger than the route allows";

/// One request's way.
pub(crate) struct Forwarding<'a> {
    pub(crate) route: &'a Route,
    pub(crate) forward: &'a Forward,
    /// The target that the service sees.
    pub(crate) target: String,
    /// The target as the client meant it.
    pub(crate) original: String,
    pub(crate) host: &'a str,
    pub(crate) scheme: Scheme,
}

impl Forwarding<'_> {
    /// Asks the gate, sends the request on, and brings the answer back.
    pub(crate) async fn run(self, mut request: Request<Incoming>, peer: &Peer, pool: &Arc<Pool>) -> Response<Body> {
        let switching = hyper::upgrade::on(&mut request);
        let (mut parts, body) = request.into_parts();
        headers::remove_untrusted(&mut parts.headers, self.forward);
        if let Some(limit) = self.forward.max_body
            && declared_length(&parts).is_some_and(|length| length > limit)
        {
            return answer::text(413, TOO_LARGE);
        }
        let Ok(uri) = self.target.parse() else {
            return answer::text(400, "400: the request target can't be sent on");
        };
        // A content of unknown length stays one, whatever the method: by itself hyper sends none with GET.
        let chunked = parts.headers.contains_key(TRANSFER_ENCODING);
        if body.is_end_stream() && !chunked {
            parts.headers.remove(CONTENT_LENGTH);
            if matches!(parts.method, Method::POST | Method::PUT | Method::PATCH) {
                // These methods mean a content, so its absence is said (RFC 9110, section 8.6).
                parts.headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
        }
        self.prepare(&mut parts, peer);
        if let Some(gate) = &self.forward.gate {
            match gate::ask(gate, &parts.method, &self.original, &mut parts.headers, peer, pool).await {
                Ok(Verdict::Open) => {}
                Ok(Verdict::Closed(answer)) => return back(answer),
                Err(error) => return self.unreachable(&gate.upstream, &error),
            }
        }
        headers::set(&mut parts.headers, self.forward);
        if chunked {
            parts.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        let (body, exceeded) = Limited::new(body, self.forward.max_body);
        let mut onward = Request::new(boxed(body));
        *onward.method_mut() = parts.method;
        *onward.uri_mut() = uri;
        *onward.headers_mut() = parts.headers;
        match pool.send(&self.forward.upstream, onward, &peer.closing).await {
            Ok(answer) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => tunnel::join(switching, answer, peer),
            Ok(answer) => back(answer),
            Err(_) if exceeded.load(Ordering::Relaxed) => answer::text(413, TOO_LARGE),
            Err(error) => self.unreachable(&self.forward.upstream, &error),
        }
    }

    /// The fields that go on: to the gate and to the service alike.
    fn prepare(&self, parts: &mut Parts, peer: &Peer) {
        let protocol = headers::upgrade(&parts.headers);
        headers::remove_hop_by_hop(&mut parts.headers);
        if let Some(protocol) = protocol {
            parts.headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
            parts.headers.insert(UPGRADE, protocol);
        }
        if let Ok(host) = HeaderValue::from_str(self.host) {
            parts.headers.insert(http::header::HOST, host);
        }
        headers::add_forwarded(&mut parts.headers, peer.address.ip(), self.scheme, self.host);
        headers::add_via(&mut parts.headers, parts.version);
    }

    fn unreachable(&self, upstream: &Upstream, error: &SendError) -> Response<Body> {
        answer::text(502, &format!("502: the edge has no answer from {} at {upstream}: {error}", self.route.service))
    }
}

fn declared_length(parts: &Parts) -> Option<u64> {
    parts.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A service's answer, as the client gets it. Its content is passed on piece by piece.
fn back(answer: Response<Incoming>) -> Response<Body> {
    let (mut parts, body) = answer.into_parts();
    headers::remove_hop_by_hop(&mut parts.headers);
    headers::add_via(&mut parts.headers, parts.version);
    parts.version = Version::HTTP_11;
    Response::from_parts(parts, boxed(body))
}
