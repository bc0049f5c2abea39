//! Requests over kept connections, as fast as they are answered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Connections at once.
pub(crate) const CONNECTIONS: usize = 32;
/// The most requests of one connection: with a time beside it, so that neither a fast nor a slow machine makes it endless.
const REQUESTS: usize = 2000;
/// How long a round lasts at most.
const TIME: Duration = Duration::from_secs(4);

/// One round.
pub(crate) struct Sample {
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// Loads the edge at this address with requests for one path.
pub(crate) async fn run(address: SocketAddr, path: &'static str) -> Sample {
    let began = Instant::now();
    let mut lanes = JoinSet::new();
    for _ in 0..CONNECTIONS {
        lanes.spawn(lane(address, path, began));
    }
    let mut latencies: Vec<Duration> = lanes.join_all().await.concat();
    let wall = began.elapsed();
    latencies.sort();
    let quantile = |part: f64| {
        let index = ((latencies.len() as f64 * part) as usize).min(latencies.len().saturating_sub(1));
        latencies.get(index).copied().unwrap_or_default()
    };
    Sample { per_second: latencies.len() as f64 / wall.as_secs_f64(), p50: quantile(0.5), p99: quantile(0.99) }
}

async fn lane(address: SocketAddr, path: &'static str, began: Instant) -> Vec<Duration> {
    let stream = TcpStream::connect(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    let connection = tokio::spawn(connection);
    let host = format!("edge.test:{}", address.port());
    let mut latencies = Vec::with_capacity(REQUESTS);
    while latencies.len() < REQUESTS && began.elapsed() < TIME {
        let request = Request::builder().uri(path).header("host", &host).body(Empty::<Bytes>::new());
        let request = request.unwrap_or_else(|error| panic!("{path}: {error}"));
        let asked = Instant::now();
        let answer = sender.send_request(request).await.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(answer.status(), 200, "{path}");
        let content = answer.into_body().collect().await.unwrap_or_else(|error| panic!("{path}: {error}"));
        latencies.push(asked.elapsed());
        assert!(!content.to_bytes().is_empty(), "{path}: an empty page");
    }
    drop(sender);
    let _ = connection.await;
    latencies
}
