//! The CI server and its agent.

use std::process::ExitCode;

use doubles::ci::agent::{self, AgentSettings};
use doubles::ci::{Ci, Settings, log_line};
use doubles::outbound::Outbound;
use http::{Response, StatusCode};
use serve::{Log, Server};

use crate::Environment;
use crate::listen::listen;

fn pairs(environment: &Environment) -> impl Iterator<Item = (&str, &str)> {
    environment.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

fn warn_of_unknown(unknown: &[String], log: &Log) {
    for name in unknown {
        log.line(log_line("warn", &format!("{name} means nothing to the ci double"), ""));
    }
}

/// Serves until the process ends. Woodpecker's server logs why it doesn't start, and ends with 0.
pub(crate) async fn server(environment: &Environment, log: Log) -> ExitCode {
    if let Err(error) = serve(environment, &log).await {
        log.line(log_line("error", "error running server", &error));
    }
    ExitCode::SUCCESS
}

async fn serve(environment: &Environment, log: &Log) -> Result<(), String> {
    let settings = Settings::read(pairs(environment)).map_err(|error| error.to_string())?;
    warn_of_unknown(&settings.unknown, log);
    if settings.host.contains("://localhost") {
        let message = "WOODPECKER_HOST should probably be publicly accessible (not localhost)";
        log.line(log_line("warn", message, ""));
    }
    let failed = |error| format!("could not start web listener: {error}");
    let listener = listen(&settings.server_address).await.map_err(failed)?;
    let agents = listen(&settings.agent_address).await;
    let agents = agents.map_err(|error| format!("failed to listen on grpc-addr: {error}"))?;
    let _ci =
        Ci::start(settings, Outbound::default(), listener, agents, log.clone()).map_err(|error| error.to_string())?;
    std::future::pending().await
}

/// Works until the process ends, or until the agent gives up: 1, as Woodpecker's agent does.
pub(crate) async fn agent(environment: &Environment, log: Log) -> ExitCode {
    let result = async {
        let settings = AgentSettings::read(pairs(environment)).map_err(|error| error.to_string())?;
        warn_of_unknown(&settings.unknown, &log);
        // It lives, whether or not the server lets it in.
        let _health = match &settings.health_address {
            Some(address) => {
                Some(health(address).await.map_err(|error| format!("cannot listen on address {address}: {error}"))?)
            }
            None => None,
        };
        agent::run(&settings, &Outbound::default(), &log).await
    };
    match result.await {
        Ok(never) => match never {},
        Err(error) => {
            log.line(log_line("fatal", "error running agent", &error));
            ExitCode::FAILURE
        }
    }
}

async fn health(address: &str) -> Result<Server, String> {
    let listener = listen(address).await?;
    let server = Server::start(listener, |request, _| async move {
        let mut answer = Response::new(serve::empty());
        if request.uri().path() != "/healthz" {
            *answer.status_mut() = StatusCode::NOT_FOUND;
        }
        answer
    });
    server.map_err(|error| error.to_string())
}
