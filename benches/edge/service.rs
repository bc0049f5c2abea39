//! What stands behind both edges: a page, a gate that agrees, an echo.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The size of a page, in bytes.
const PAGE: usize = 1024;

/// Starts it on loopback, until the process ends.
pub(crate) async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("no port: {error}"));
    let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    address
}

async fn answer(mut stream: TcpStream) {
    let page =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {PAGE}\r\n\r\n{}", "x".repeat(PAGE));
    let agreed = "HTTP/1.1 200 OK\r\nX-Forwarded-User: bench\r\nContent-Length: 0\r\n\r\n";
    let upgraded = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let mut pending = Vec::new();
    loop {
        // The requests of this bench have no content: a head is a whole request.
        let Some(end) = pending.windows(4).position(|window| window == b"\r\n\r\n") else {
            let Ok(1..) = stream.read_buf(&mut pending).await else { return };
            continue;
        };
        let head = String::from_utf8_lossy(&pending[..end]).to_ascii_lowercase();
        pending.drain(..end + 4);
        let gate = head.starts_with("get /chat/auth/verify");
        let upgrade = !gate && head.contains("\r\nupgrade:");
        let words = if gate {
            agreed
        } else if upgrade {
            upgraded
        } else {
            page.as_str()
        };
        if stream.write_all(words.as_bytes()).await.is_err() {
            return;
        }
        if upgrade {
            let (mut reader, mut writer) = stream.split();
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
            return;
        }
    }
}
