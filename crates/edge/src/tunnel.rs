//! Upgraded connections: bytes both ways until one side ends.

use http::header::{CONNECTION, UPGRADE};
use http::{HeaderValue, Response};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serve::{Body, Peer, empty};

/// Passes a service's 101 on, and joins the two connections once it is sent.
pub(crate) fn join(client: OnUpgrade, mut answer: Response<Incoming>, peer: &Peer) -> Response<Body> {
    let protocol = answer.headers().get(UPGRADE).cloned();
    let service = hyper::upgrade::on(&mut answer);
    let closing = peer.closing.clone();
    tokio::spawn(async move {
        let joined = async {
            // Where either side goes away before it has switched, the other is closed with it.
            if let (Ok(client), Ok(service)) = tokio::join!(client, service) {
                let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(service)).await;
            }
        };
        tokio::select! {
            () = joined => {}
            () = closing.cancelled() => {}
        }
    });
    let (mut parts, _) = answer.into_parts();
    crate::headers::remove_hop_by_hop(&mut parts.headers);
    parts.headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Some(protocol) = protocol {
        parts.headers.insert(UPGRADE, protocol);
    }
    Response::from_parts(parts, empty())
}
