//! What a container's health check runs: its image needs no other program for it.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use chat::client::Client;
use http::Request;
use outbound::Outbound;

use crate::exit::{Exit, Failure};

const TIME: Duration = Duration::from_secs(5);

/// Asks `/ready` of the service on this machine.
pub(crate) fn run(environment: &BTreeMap<String, String>) -> Result<(), Failure> {
    let port = match environment.get("CHAT_PORT").map(|port| port.trim()).filter(|port| !port.is_empty()) {
        None => 8080,
        Some(port) => port
            .parse::<u16>()
            .map_err(|_| Failure { exit: Exit::Usage, text: "CHAT_PORT: expected a port to ask at".to_owned() })?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::of)?;
    runtime.block_on(async {
        let request = Request::get(format!("http://127.0.0.1:{port}/ready")).body(Bytes::new()).map_err(Failure::of)?;
        let answer = Client::new(Outbound::default()).within(TIME).send(request).await.map_err(Failure::of)?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(Failure::of(format!("{}: {}", answer.status(), String::from_utf8_lossy(answer.body()))))
    })
}
