//! An agent: it comes to the server with the shared secret, takes workflows, and says that they are done. It runs nothing.
//!
//! Its protocol is **not Woodpecker's gRPC** but a small one of our own, JSON over HTTP/1.1, on the port that gRPC has there. An agent that reaches
//! anything else (the edge, the port of the dashboard) knows by a missing header, and does what Woodpecker's does: tries again, then gives up. One
//! that the server doesn't let in gives up at once. Either way the dashboard is fine, and pipelines stay pending.
//!
//! | request | answer |
//! |---|---|
//! | `POST /agents {secret, hostname, version}` | `200 {id, token}`, or 403 |
//! | `DELETE /agents` | 204 |
//! | `POST /work` | a workflow; 204 after a while where there is none |
//! | `POST /work/ID {status}` | 204; 409 where it is another's by now |
//!
//! But for the first, each has `Authorization: Bearer TOKEN`.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};
use serve::Log;
use tokio::task::JoinHandle;

use super::model::VERSION;
use super::settings::Given;
use super::{SettingError, log_line};
use crate::outbound::Outbound;

/// Says that a server speaks the agents' protocol, and which.
pub(super) const PROTOCOL_HEADER: &str = "x-ci-double-agents";
/// The protocol's version.
pub(super) const PROTOCOL: &str = "1";

/// How long an answer may take where the server doesn't keep an agent waiting.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request for work may take: longer than the server keeps an agent waiting.
const WORK_TIMEOUT: Duration = Duration::from_secs(40);
/// How long after a broken connection it tries again.
const PAUSE: Duration = Duration::from_millis(500);

/// What an agent is told at its start, by Woodpecker's names.
#[derive(Clone)]
pub struct AgentSettings {
    /// `WOODPECKER_SERVER`: host and port of the server's gRPC address.
    pub server: String,
    /// `WOODPECKER_AGENT_SECRET`.
    pub secret: String,
    /// `WOODPECKER_HOSTNAME`.
    pub hostname: String,
    /// `WOODPECKER_CONNECT_RETRY_COUNT`: how often it tries to connect before it gives up.
    pub retry_count: u32,
    /// `WOODPECKER_CONNECT_RETRY_DELAY`: how long it waits in between.
    pub retry_delay: Duration,
    /// `WOODPECKER_HEALTHCHECK_ADDR`, unless `WOODPECKER_HEALTHCHECK` is false: where it says that it lives.
    pub health_address: Option<String>,
    /// Names that begin in `WOODPECKER_` and mean nothing to the double.
    pub unknown: Vec<String>,
}

impl std::fmt::Debug for AgentSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AgentSettings").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Woodpecker's settings that change nothing that the double does.
const WITHOUT_EFFECT: &[&str] = &[
    "WOODPECKER_AGENT_CONFIG_FILE",
    "WOODPECKER_BACKEND",
    "WOODPECKER_BACKEND_LOCAL_TEMP_DIR",
    "WOODPECKER_LOG_LEVEL",
    "WOODPECKER_DEBUG_NOCOLOR",
    "WOODPECKER_DEBUG_PRETTY",
    "WOODPECKER_MAX_WORKFLOWS",
];

impl AgentSettings {
    /// Reads settings from names and values.
    ///
    /// # Errors
    /// A value that can't be read.
    pub fn read<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, SettingError> {
        let mut given = Given::new(pairs);
        let has_health = given.text("HEALTHCHECK").is_none() || given.truth("HEALTHCHECK")?;
        let health_address = given.text("HEALTHCHECK_ADDR").unwrap_or(":3000").to_owned();
        let settings = Self {
            server: given.text("SERVER").unwrap_or("localhost:9000").to_owned(),
            secret: given.text("AGENT_SECRET").unwrap_or_default().trim().to_owned(),
            hostname: given.text("HOSTNAME").unwrap_or_default().to_owned(),
            retry_count: given.number("CONNECT_RETRY_COUNT", 5)?,
            retry_delay: given.duration("CONNECT_RETRY_DELAY", Duration::from_secs(2))?,
            health_address: has_health.then_some(health_address),
            unknown: Vec::new(),
        };
        Ok(Self { unknown: given.unread(WITHOUT_EFFECT), ..settings })
    }
}

/// An agent at work in this process. Dropping it ends it.
#[derive(Debug)]
pub struct Agent {
    task: JoinHandle<()>,
    log: Log,
}

impl Agent {
    /// Starts it. Where it gives up it starts again, as a container that is restarted does.
    pub fn start(settings: AgentSettings, outbound: Outbound) -> Self {
        let log = Log::default();
        let lines = log.clone();
        let task = tokio::spawn(async move {
            loop {
                let Err(error) = run(&settings, &outbound, &lines).await;
                lines.line(log_line("fatal", "error running agent", &error));
                tokio::time::sleep(settings.retry_delay).await;
            }
        });
        Self { task, log }
    }

    /// What it logged.
    pub fn log(&self) -> &Log {
        &self.log
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Why a request of an agent came to nothing.
enum Trouble {
    /// Nobody there, or somebody who speaks another language: worth another try.
    Unavailable(String),
    /// The server doesn't let it in.
    Refused,
}

/// Connects, and works until something is wrong for good.
///
/// # Errors
/// Why it gives up: the server can't be reached, or doesn't let it in.
pub async fn run(settings: &AgentSettings, outbound: &Outbound, log: &Log) -> Result<Infallible, String> {
    let connection = Connection { settings, outbound };
    let mut token = connection.come(log).await?;
    log.line(log_line("info", &format!("starting Woodpecker agent (a double) with version '{VERSION}'"), ""));
    loop {
        match connection.work(&token, log).await {
            Ok(()) => {}
            // The server has forgotten it, as after a restart.
            Err(Trouble::Refused) => token = connection.come(log).await?,
            Err(Trouble::Unavailable(error)) => {
                log.line(log_line("error", "runner error, retrying...", &error));
                tokio::time::sleep(PAUSE).await;
                token = connection.come(log).await?;
            }
        }
    }
}

struct Connection<'a> {
    settings: &'a AgentSettings,
    outbound: &'a Outbound,
}

impl Connection<'_> {
    /// Comes to the server with the secret; the token that it gets.
    async fn come(&self, log: &Log) -> Result<String, String> {
        let Self { settings, .. } = self;
        let who = json!({ "secret": settings.secret, "hostname": settings.hostname, "version": VERSION });
        let mut last = String::new();
        for _ in 0..settings.retry_count.max(1) {
            match self.send(Method::POST, "/agents", None, &who, TIMEOUT).await {
                Ok(answer) => {
                    return match value(&answer)["token"].as_str() {
                        Some(token) => Ok(token.to_owned()),
                        None => Err("the server gave no token".to_owned()),
                    };
                }
                Err(Trouble::Refused) => {
                    return Err("agent could not auth: individual agent not found by token".to_owned());
                }
                Err(Trouble::Unavailable(error)) => {
                    let delay = settings.retry_delay.as_secs_f32();
                    let message = format!("cannot connect to {}, retrying in {delay}s", settings.server);
                    log.line(log_line("warn", &message, &error));
                    last = error;
                    tokio::time::sleep(settings.retry_delay).await;
                }
            }
        }
        Err(format!("cannot connect to {}: {last}", settings.server))
    }

    /// Takes a workflow, if there is one, and says that it is done.
    async fn work(&self, token: &str, log: &Log) -> Result<(), Trouble> {
        let answer = self.send(Method::POST, "/work", Some(token), &Value::Null, WORK_TIMEOUT).await?;
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(());
        }
        let work = value(&answer);
        let Some(id) = work["workflow"].as_u64() else {
            return Err(Trouble::Unavailable("the server gave something that is no workflow".to_owned()));
        };
        let steps = work["steps"].as_array().map_or(0, Vec::len);
        let done = format!("workflow {id} of pipeline {}: {steps} steps done, none of them run", work["pipeline"]);
        let result = json!({ "status": "success" });
        self.send(Method::POST, &format!("/work/{id}"), Some(token), &result, TIMEOUT).await?;
        log.line(log_line("info", &done, ""));
        Ok(())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        content: &Value,
        timeout: Duration,
    ) -> Result<Response<Bytes>, Trouble> {
        let unavailable = |error: String| Trouble::Unavailable(error);
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.settings.server));
        request = request.header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Bytes::from(content.to_string())).map_err(|error| unavailable(error.to_string()))?;
        let answer = self.outbound.send(request, timeout).await.map_err(unavailable)?;
        if answer.headers().get(PROTOCOL_HEADER).is_none_or(|protocol| protocol != PROTOCOL) {
            let status = answer.status();
            return Err(unavailable(format!("{status}: what answers there doesn't speak the agents' protocol")));
        }
        match answer.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Trouble::Refused),
            // Another agent has done it by now.
            status if status.is_success() || status == StatusCode::CONFLICT => Ok(answer),
            status => Err(unavailable(status.to_string())),
        }
    }
}

fn value(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_an_agent() {
        let settings = AgentSettings::read([]).unwrap();
        assert_eq!((settings.server.as_str(), settings.retry_count), ("localhost:9000", 5));
        assert_eq!(settings.health_address.as_deref(), Some(":3000"));
        let settings = AgentSettings::read([
            ("WOODPECKER_SERVER", "ci:9000"),
            ("WOODPECKER_AGENT_SECRET", "secret\n"),
            ("WOODPECKER_HEALTHCHECK", "false"),
            ("WOODPECKER_CONNECT_RETRY_DELAY", "100ms"),
            ("WOODPECKER_CONNECT_RETRY_COUNT", ""),
            ("WOODPECKER_BACKEND", "docker"),
            ("WOODPECKER_BACKEND_DOCKER_HOST", "x"),
        ])
        .unwrap();
        assert_eq!((settings.secret.as_str(), settings.health_address.as_deref()), ("secret", None));
        assert_eq!(settings.retry_delay, Duration::from_millis(100));
        assert_eq!(settings.unknown, ["WOODPECKER_BACKEND_DOCKER_HOST"]);
        assert!(AgentSettings::read([("WOODPECKER_CONNECT_RETRY_COUNT", "many")]).is_err());
    }
}
