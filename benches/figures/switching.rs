//! Switching a standing stack from one routing mode to the other and back.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use bollard::query_parameters::RestartContainerOptionsBuilder;
use edge_smoke::engine::events::{Event, Sink};
use edge_smoke::stack::embedded::Embedded;
use edge_smoke::stack::{Changeable, Needs, Stack, StackOptions, containers};
use scenario::model::{Mode, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::{line, milliseconds};

const OPTIONS: StackOptions = StackOptions::new(Mode::Subpath);

struct Nobody;

impl Sink for Nobody {
    fn emit(&self, _: Event) {}
}

/// The embedded stack; beside it standing one up anew.
pub(crate) fn embedded() {
    runtime().block_on(async {
        let mut times = Vec::new();
        let mut anew = Vec::new();
        let mut stack = Embedded::start(&OPTIONS).await.unwrap_or_else(|trouble| panic!("{}", trouble.message));
        for mode in [Mode::Subdomain, Mode::Subpath].repeat(10) {
            let started = Instant::now();
            let _other = Embedded::start(&OPTIONS).await.unwrap_or_else(|trouble| panic!("{}", trouble.message));
            anew.push(started.elapsed());
            let started = Instant::now();
            stack.switch(mode).await.unwrap_or_else(|error| panic!("{}", error.trouble.message));
            times.push(started.elapsed());
        }
        report("switching embedded, verified (standing it up anew)", median(times), median(anew), "200 ms");
    });
}

/// The containers stack; beside it a plain restart of the containers that a switch renews, until they answer again.
pub(crate) fn containers() {
    runtime().block_on(async {
        let needs = Needs { services: [Service::Forge, Service::Staging].into() };
        let up = containers::up(&needs, &OPTIONS, &Nobody, &CancellationToken::new()).await;
        let mut stack = up.unwrap_or_else(|trouble| panic!("{}", trouble.message));
        let (mut times, mut restarts) = (Vec::new(), Vec::new());
        for mode in [Mode::Subdomain, Mode::Subpath].repeat(3) {
            restarts.push(restart(&stack).await);
            let started = Instant::now();
            stack.switch(mode).await.unwrap_or_else(|error| panic!("{}", error.trouble.message));
            times.push(started.elapsed());
        }
        let down = stack.down().await;
        report("switching containers, verified (their plain restart)", median(times), median(restarts), "1.10×");
        down.unwrap_or_else(|trouble| panic!("{}", trouble.message));
    });
}

fn report(figure: &str, measured: Duration, yardstick: Duration, limit: &str) {
    let ratio = measured.as_secs_f64() / yardstick.as_secs_f64();
    line(figure, milliseconds(measured), milliseconds(yardstick), ratio, limit);
}

/// Restarts the edge and the forge, both at once, and waits until the forge answers through the edge.
async fn restart(stack: &containers::Containers) -> Duration {
    let docker = testcontainers::core::client::docker_client_instance().await;
    let docker = docker.unwrap_or_else(|error| panic!("{error}"));
    let started = Instant::now();
    let restart = async |service: &str| {
        let name = format!("edge-smoke-{}-{service}", stack.run_id());
        let options = RestartContainerOptionsBuilder::new().t(10).build();
        docker.restart_container(&name, Some(options)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    };
    tokio::join!(restart("edge"), restart("forge"));
    let url = &stack.site().services[&Service::Forge];
    while !healthy(url).await {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    started.elapsed()
}

/// Whether the forge at `http://NAME:PORT[/PREFIX]` answers.
async fn healthy(url: &str) -> bool {
    let rest = url.trim_start_matches("http://");
    let (host, prefix) = rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
    let port = host.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default();
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return false };
    let request = format!("GET {prefix}/api/healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    stream.write_all(request.as_bytes()).await.is_ok()
        && stream.read_to_end(&mut answer).await.is_ok()
        && answer.starts_with(b"HTTP/1.1 200")
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}"))
}
