//! Serving, from the settings to the signal.

use std::io;

use chat::turn::Launcher;
use chat::{Chat, Config};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::Values;
use crate::exit::{Exit, Failure};
use crate::{log, open_files};

/// Serves until it is told to end (SIGTERM, SIGINT). A second signal doesn't wait for what is under way.
pub(crate) fn run(environment: &Values) -> Result<(), Failure> {
    // Before anything else: the environment has secrets in it.
    chat::confine::hide_process()
        .map_err(|error| Failure::of(format!("the process can't be hidden from others: {error}")))?;
    let mut config = Config::read(environment)
        .map_err(|error| Failure { exit: Exit::Usage, text: format!("these settings can't be used:\n{error}") })?;
    let program = std::env::current_exe();
    let program = program.map_err(|error| Failure::of(format!("the program's own file can't be found: {error}")))?;
    config.turn.launcher = Launcher::Program(program);
    log::begin(&config);
    let (files, most) = (open_files::raise(), config.bounds.sockets);
    config.bounds.sockets = open_files::sockets(most, files);
    if config.bounds.sockets < most {
        tracing::warn!(
            files,
            sockets = config.bounds.sockets,
            "the limit of open files (ulimit -n) allows fewer sockets"
        );
    }
    tokio::runtime::Runtime::new().map_err(Failure::of)?.block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), Failure> {
    let (grace, address) = (config.grace, config.listen);
    // Before anything is served: a signal that comes early must not be lost.
    let (mut terminate, mut interrupt) = signals().map_err(Failure::of)?;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| Failure::of(format!("can't listen at {address}: {error}")))?;
    let public = config.public.url("/");
    let chat = Chat::start(config, listener).map_err(Failure::of)?;
    tracing::info!(address = %chat.addr(), public, "listening");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!(grace = grace.as_secs(), "ending");
    tokio::select! {
        () = chat.shutdown(grace) => tracing::info!("ended"),
        _ = terminate.recv() => tracing::warn!("ended at once"),
        _ = interrupt.recv() => tracing::warn!("ended at once"),
    }
    Ok(())
}

fn signals() -> io::Result<(tokio::signal::unix::Signal, tokio::signal::unix::Signal)> {
    Ok((signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
}
