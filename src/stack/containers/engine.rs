//! The container engine: is there one, which one, and what it says when it refuses.

use std::time::Duration;

use bollard::Docker;
use verdict::evidence::Trouble;

/// How long an engine may take to say that it is there.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// An engine that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// Its version (`28.2.2`).
    pub version: String,
    /// The version of its API (`1.51`).
    pub api_version: String,
    /// Where it was reached.
    pub address: String,
}

/// Asks for the engine. Within two seconds there is an answer or an explanation.
///
/// # Errors
/// No engine answers: where it was looked for, what happened, and what to do.
pub async fn engine() -> Result<EngineInfo, Trouble> {
    connect().await.map(|(_, info)| info)
}

/// A client for the engine that `testcontainers` uses as well, by the same rules.
pub(crate) async fn connect() -> Result<(Docker, EngineInfo), Trouble> {
    let address = address();
    let client = testcontainers::core::client::docker_client_instance()
        .await
        .map_err(|error| unreachable(&address, &chain(&error)))?;
    let version = match tokio::time::timeout(ANSWER_WITHIN, client.version()).await {
        Err(_) => return Err(unreachable(&address, &format!("no answer within {} s", ANSWER_WITHIN.as_secs()))),
        Ok(Err(error)) => return Err(unreachable(&address, &chain(&error))),
        Ok(Ok(version)) => version,
    };
    let info = EngineInfo {
        version: version.version.unwrap_or_else(|| "unknown".to_owned()),
        api_version: version.api_version.unwrap_or_else(|| "unknown".to_owned()),
        address,
    };
    Ok((client, info))
}

/// Where the client library looks, for messages. The library reads the variable itself, so it is read here as well.
fn address() -> String {
    std::env::var("DOCKER_HOST")
        .map_or_else(|_| "/var/run/docker.sock".to_owned(), |host| format!("DOCKER_HOST={host}"))
}

fn unreachable(address: &str, why: &str) -> Trouble {
    Trouble {
        service: None,
        message: format!("no container engine answers at {address}: {why}"),
        help: Some(
            "start one (Docker, or Podman with its Docker socket), point DOCKER_HOST at it, or run with --stack embedded"
                .to_owned(),
        ),
        log: Vec::new(),
    }
}

/// An error with its causes, in one line; what only repeats its cause is left out.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text.trim().replace('\n', " ")
}

/// What the engine refused, as trouble of a service.
pub(crate) fn refused(service: &str, what: &str, error: &(dyn std::error::Error + 'static)) -> Trouble {
    Trouble {
        service: Some(service.to_owned()),
        message: format!("{what}: {}", chain(error)),
        help: None,
        log: Vec::new(),
    }
}
