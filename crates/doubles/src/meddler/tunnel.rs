//! Upgraded connections: bytes both ways until one side ends, or the time is up.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serve::Peer;
use tokio_util::task::AbortOnDropHandle;

/// Joins the two connections once both have switched.
pub(super) fn join(edge: OnUpgrade, service: OnUpgrade, peer: &Peer, alarm: Option<AbortOnDropHandle<()>>) {
    let (closing, cut) = (peer.closing.clone(), peer.cut.clone());
    tokio::spawn(async move {
        let _alarm = alarm;
        let joined = async {
            // Where either side goes away before it has switched, the other is closed with it.
            if let (Ok(edge), Ok(service)) = tokio::join!(edge, service) {
                let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(edge), &mut TokioIo::new(service)).await;
            }
        };
        tokio::select! {
            () = joined => {}
            () = closing.cancelled() => {}
            () = cut.cancelled() => {}
        }
    });
}
