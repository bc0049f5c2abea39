//! What stands between the edge and a service here: it passes bytes on, late at times.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// What comes after so long belongs to another request.
const PAUSE: Duration = Duration::from_millis(20);

/// A gate. Dropping it takes no more connections.
pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    /// How long what comes waits before it goes on, in milliseconds.
    delay_ms: Arc<AtomicU64>,
    _serving: AbortOnDropHandle<()>,
}

impl Gate {
    /// A gate before a service that listens there.
    pub(crate) async fn before(behind: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
        let address = listener.local_addr().expect("its address");
        let delay_ms = Arc::<AtomicU64>::default();
        let serving = AbortOnDropHandle::new(tokio::spawn(serve(listener, behind, delay_ms.clone())));
        Self { address, delay_ms, _serving: serving }
    }

    /// From now on what comes waits for so long.
    pub(crate) fn delay(&self, milliseconds: u64) {
        self.delay_ms.store(milliseconds, Ordering::Relaxed);
    }
}

async fn serve(listener: TcpListener, behind: SocketAddr, delay_ms: Arc<AtomicU64>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((client, _)) = listener.accept() => drop(connections.spawn(join(client, behind, delay_ms.clone()))),
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn join(client: TcpStream, behind: SocketAddr, delay_ms: Arc<AtomicU64>) {
    let Ok(service) = TcpStream::connect(behind).await else { return };
    let _ = (client.set_nodelay(true), service.set_nodelay(true));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_service, mut to_service) = service.into_split();
    // Requests wait; what comes back doesn't, so that a delay is one and not one a packet.
    let there = async {
        let mut buffer = vec![0; 64 * 1024];
        let mut last = None;
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            let delay = delay_ms.load(Ordering::Relaxed);
            // Once a request, not once a packet of a large one.
            if delay > 0 && last.is_none_or(|last: Instant| last.elapsed() > PAUSE) {
                tokio::time::sleep(Duration::from_millis(delay)).await;
            }
            last = Some(Instant::now());
            if to_service.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
        let _ = to_service.shutdown().await;
    };
    let back = async {
        let _ = tokio::io::copy(&mut from_service, &mut to_client).await;
        let _ = to_client.shutdown().await;
    };
    tokio::join!(there, back);
}
