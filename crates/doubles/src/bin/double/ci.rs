//! The CI server and its agent.

use std::process::ExitCode;

use doubles::ci::agent::{self, AgentSettings};
use doubles::ci::{Ci, Settings, log_line};
use doubles::outbound::Outbound;
use http::{Response, StatusCode};
use serve::{Log, Server};

use crate::Environment;
use crate::listen::listen;

/// Settings that may stand in a file, which the name with `_FILE` at its end tells. A file that can't be read is as none.
const IN_FILES: [&str; 7] = [
    "WOODPECKER_AGENT_SECRET",
    "WOODPECKER_FORGE_CLIENT",
    "WOODPECKER_FORGE_SECRET",
    "WOODPECKER_FORGEJO_CLIENT",
    "WOODPECKER_FORGEJO_SECRET",
    "WOODPECKER_GITEA_CLIENT",
    "WOODPECKER_GITEA_SECRET",
];

/// The environment with the contents of files for their names; those count more than what the environment itself says.
fn with_files(environment: &Environment) -> Environment {
    let mut all = environment.clone();
    for name in IN_FILES {
        let file = environment.iter().find(|(it, _)| it.strip_suffix("_FILE") == Some(name));
        if let Some((file_name, path)) = file {
            all.retain(|(it, _)| it != file_name);
            if let Ok(content) = std::fs::read_to_string(path) {
                all.retain(|(it, _)| it != name);
                all.push((name.to_owned(), content));
            }
        }
    }
    all
}

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
    let settings = Settings::read(pairs(&with_files(environment))).map_err(|error| error.to_string())?;
    warn_of_unknown(&settings.unknown, log);
    if settings.host.contains("://localhost") {
        let message = "WOODPECKER_HOST should probably be publicly accessible (not localhost)";
        log.line(log_line("warn", message, ""));
    }
    let failed = |error| format!("could not start web listener: {error}");
    let listener = listen(&settings.server_address).await.map_err(failed)?;
    let agents = listen(&settings.agent_address).await;
    let agents = agents.map_err(|error| format!("failed to listen on grpc-addr: {error}"))?;
    let ci =
        Ci::start(settings, Outbound::default(), listener, agents, log.clone()).map_err(|error| error.to_string())?;
    let started = format!("starting grpc server at {} (a protocol of the doubles' own)", ci.agent_addr());
    log.line(log_line("info", &started, ""));
    log.line(log_line("info", &format!("starting http server at {}", ci.addr()), ""));
    std::future::pending().await
}

/// Works until the process ends, or until the agent gives up: 1, as Woodpecker's agent does.
pub(crate) async fn agent(environment: &Environment, log: Log) -> ExitCode {
    let result = async {
        let settings = AgentSettings::read(pairs(&with_files(environment))).map_err(|error| error.to_string())?;
        warn_of_unknown(&settings.unknown, &log);
        // It lives, whether or not the server lets it in; and it works where nobody can ask whether it lives.
        let _health = match &settings.health_address {
            Some(address) => health(address).await.map_err(|error| {
                log.line(log_line("error", &format!("cannot listen on address {address}"), &error));
            }),
            None => Err(()),
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
