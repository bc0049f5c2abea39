//! What a container's health check runs: its image needs no other program for it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use chat::client::Client;
use chat::config::{ConfigError, Reader};
use http::Request;
use outbound::Outbound;

use crate::Values;
use crate::exit::{Exit, Failure};

const TIME: Duration = Duration::from_secs(5);

/// Asks `/ready` of the service on this machine, where its settings say that it listens.
pub(crate) fn run(environment: &Values) -> Result<(), Failure> {
    let mut reader = Reader::new(environment);
    let host = reader.parsed("CHAT_HOST", "an IP address").filter(|host: &IpAddr| !host.is_unspecified());
    let port = reader.parsed("CHAT_PORT", "a port").unwrap_or(8080);
    let address = SocketAddr::new(host.unwrap_or(Ipv4Addr::LOCALHOST.into()), port);
    let problems = reader.finish();
    if !problems.is_empty() {
        return Err(Failure { exit: Exit::Usage, text: ConfigError { problems }.to_string() });
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::of)?;
    runtime.block_on(async {
        let request = Request::get(format!("http://{address}/ready")).body(Bytes::new()).map_err(Failure::of)?;
        let answer = Client::new(Outbound::default(), TIME).send(request).await.map_err(Failure::of)?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(Failure::of(format!("{}: {}", answer.status(), String::from_utf8_lossy(answer.body()))))
    })
}
