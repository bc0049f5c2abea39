//! What a container says: its log, and the output of commands run in it.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::StartExecResults;
use bollard::models::ExecConfig;
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::StreamExt;

use super::engine::chain;
use crate::stack::bootstrap::{Command, CommandOutput, Inside};

/// The longest that a command inside may take.
const COMMAND_WITHIN: Duration = Duration::from_secs(60);
/// The longest that reading a log may take.
const LOG_WITHIN: Duration = Duration::from_secs(5);

/// A running container as commands are run in it.
pub(crate) struct Container<'a> {
    /// The engine.
    pub(crate) docker: &'a Docker,
    /// The container's id.
    pub(crate) id: &'a str,
}

#[async_trait]
impl Inside for Container<'_> {
    async fn run(&self, command: Command<'_>) -> Result<CommandOutput, String> {
        match tokio::time::timeout(COMMAND_WITHIN, run(self.docker, self.id, command)).await {
            Err(_) => Err(format!("the command did not end within {} s", COMMAND_WITHIN.as_secs())),
            Ok(result) => result.map_err(|error| chain(&error)),
        }
    }
}

async fn run(docker: &Docker, container: &str, command: Command<'_>) -> Result<CommandOutput, Error> {
    let config = ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(command.arguments.iter().map(|&argument| argument.to_owned()).collect()),
        env: Some(command.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        user: command.user.map(ToOwned::to_owned),
        ..ExecConfig::default()
    };
    let exec = docker.create_exec(container, config).await?;
    let mut output = CommandOutput::default();
    if let StartExecResults::Attached { output: mut stream, .. } = docker.start_exec(&exec.id, None).await? {
        while let Some(piece) = stream.next().await {
            match piece? {
                LogOutput::StdErr { message } => output.stderr.push_str(&String::from_utf8_lossy(&message)),
                other => output.stdout.push_str(&String::from_utf8_lossy(&other.into_bytes())),
            }
        }
    }
    output.exit_code = docker.inspect_exec(&exec.id).await?.exit_code.unwrap_or(-1);
    Ok(output)
}

/// The container's last log lines, oldest first; none where the engine can't give them.
pub(crate) async fn log_lines(docker: &Docker, container: &str, lines: usize) -> Vec<String> {
    let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(&lines.to_string()).build();
    let mut stream = docker.logs(container, Some(options));
    let mut text = Vec::new();
    let read = async {
        while let Some(Ok(piece)) = stream.next().await {
            text.extend_from_slice(&piece.into_bytes());
        }
    };
    // What came until then is better than nothing.
    let _ = tokio::time::timeout(LOG_WITHIN, read).await;
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    all[all.len().saturating_sub(lines)..].iter().map(|&line| line.to_owned()).collect()
}

/// The container's address on its network; `None` where it doesn't run.
pub(crate) async fn address(docker: &Docker, container: &str) -> Option<IpAddr> {
    let found = docker.inspect_container(container, None).await.ok()?;
    let networks = found.network_settings?.networks?;
    networks.values().find_map(|network| network.ip_address.as_deref()?.parse().ok())
}

/// What tells this start of a container from any other; `None` where it doesn't run.
pub(crate) async fn started(docker: &Docker, container: &str) -> Option<String> {
    let found = docker.inspect_container(container, None).await.ok()?;
    let state = found.state.filter(|state| state.running == Some(true))?;
    Some(format!("{} {} {}", found.id?, state.started_at?, found.restart_count.unwrap_or_default()))
}
