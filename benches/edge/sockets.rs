//! Many open WebSockets.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How many handshakes are under way at once: what is measured are open sockets, not a flood of new ones.
const AT_ONCE: usize = 50;

/// What came of it.
pub(crate) struct Opened {
    /// Until all were open.
    pub(crate) opening: Duration,
    /// Of an echo over each, all sent at once.
    pub(crate) echo_p99: Duration,
    /// What the edge held while all were open.
    pub(crate) megabytes: f64,
}

/// Opens them through the gate, and sends something over each.
pub(crate) async fn open(address: SocketAddr, count: usize, megabytes: impl Fn() -> f64) -> Opened {
    let began = Instant::now();
    let mut streams = Vec::with_capacity(count);
    while streams.len() < count {
        let batch = AT_ONCE.min(count - streams.len());
        let opening: JoinSet<TcpStream> = (0..batch).map(|_| handshake(address)).collect();
        streams.extend(opening.join_all().await);
    }
    let opening = began.elapsed();
    let echoes: JoinSet<(TcpStream, Duration)> = streams.into_iter().map(echo).collect();
    let (streams, mut latencies): (Vec<TcpStream>, Vec<Duration>) = echoes.join_all().await.into_iter().unzip();
    latencies.sort();
    let echo_p99 = latencies.get(count * 99 / 100).copied().unwrap_or_default();
    let megabytes = megabytes();
    drop(streams);
    Opened { opening, echo_p99, megabytes }
}

async fn handshake(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    let _ = stream.set_nodelay(true);
    let head = format!(
        "GET /chat/ws HTTP/1.1\r\nHost: edge.test:{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        address.port()
    );
    stream.write_all(head.as_bytes()).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await.unwrap_or_else(|error| panic!("{address}: {error}"));
        answer.push(byte);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    stream
}

async fn echo(mut stream: TcpStream) -> (TcpStream, Duration) {
    let message = [7_u8; 64];
    let mut back = [0_u8; 64];
    let sent = Instant::now();
    let result = async {
        stream.write_all(&message).await?;
        stream.read_exact(&mut back).await
    };
    result.await.unwrap_or_else(|error| panic!("a socket is lost: {error}"));
    let latency = sent.elapsed();
    assert_eq!(back, message, "another socket's message");
    (stream, latency)
}
