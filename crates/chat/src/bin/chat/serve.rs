//! Serving.

use std::process::ExitCode;
use std::time::Duration;

use chat::turn::Launcher;
use chat::{Chat, Config};
use tokio::signal::unix::{SignalKind, signal};

use crate::{Values, WRONG_USAGE, fail};

/// Serves until the process is told to end.
pub(crate) fn run(values: Values) -> ExitCode {
    // Before anything else: the environment has secrets in it.
    if let Err(error) = chat::confine::hide_process() {
        return fail(&format!("the process can't be hidden from others: {error}"), 1);
    }
    let mut config = match Config::read(&values) {
        Ok(config) => config,
        Err(error) => return fail(&error.to_string(), WRONG_USAGE),
    };
    drop(values);
    match std::env::current_exe() {
        Ok(program) => config.turn.launcher = Launcher::Program(program),
        Err(error) => return fail(&format!("the program's own file can't be found: {error}"), 1),
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("there is no runtime: {error}"), 1),
    };
    match runtime.block_on(serve(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => fail(&why, 1),
    }
}

async fn serve(config: Config) -> Result<(), String> {
    let listen = config.listen;
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(|error| format!("{listen}: {error}"))?;
    let chat = Chat::start(config, listener).map_err(|error| error.to_string())?;
    let failed = |error: std::io::Error| error.to_string();
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    chat.shutdown(Duration::from_secs(8)).await;
    Ok(())
}
