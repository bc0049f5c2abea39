//! The program `double`: the doubles as servers, for containers and for trying things by hand.
//!
//! ```text
//! double chat              the chat, by its own environment variables, with the mistakes that CHAT_DEFECTS names
//! double ci-server         a Woodpecker server, by Woodpecker's environment variables
//! double ci-agent          a Woodpecker agent, likewise
//! double echo              says what reached it, over HTTP and WebSocket; DOUBLE_ADDR, :8080 unless said otherwise
//! double forge             a Forgejo or a Gitea, by DOUBLE_… and the images' GITEA__section__KEY variables
//! double meddler           a proxy before MEDDLER_UPSTREAM that changes what MEDDLER_RULES say, in JSON; DOUBLE_ADDR as above
//! double messages         a model behind the Messages API, by MESSAGES_… variables; DOUBLE_ADDR as above
//! double healthcheck URL   exit code 0 where URL answers 2xx, else 1; of tcp://HOST:PORT, where somebody listens
//! ```
//!
//! Called `woodpecker-server` or `woodpecker-agent` it takes those programs' words instead: none, or `ping`.
//!
//! They log to standard error, and end at once at SIGTERM and SIGINT.

mod chat;
mod ci;
mod echo;
mod forge;
mod healthcheck;
mod invoked;
mod listen;
mod meddler;
mod messages;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use serve::Log;
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: double chat|ci-server|ci-agent|echo|forge|meddler|messages|healthcheck URL";

/// The command line is wrong (`EX_USAGE` of sysexits).
const WRONG_USAGE: u8 = 64;

/// Names and values of the environment that are text; no others are looked for.
type Environment = Vec<(String, String)>;

fn main() -> ExitCode {
    let text = |value: OsString| value.into_string().ok();
    let environment: Environment =
        std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect();
    let arguments: Option<Vec<String>> = std::env::args_os().map(text).collect();
    let words = invoked::words(&arguments.unwrap_or_default(), &environment);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("there is no runtime: {error}"), 1),
    };
    let code = runtime.block_on(async {
        tokio::select! {
            code = run(&words, &environment) => code,
            // The first process of a container gets no default action for signals: without this it would be killed after a grace period.
            () = terminated() => ExitCode::SUCCESS,
        }
    });
    // What is still under way is not waited for.
    runtime.shutdown_background();
    code
}

async fn run(words: &[String], environment: &Environment) -> ExitCode {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let log = Log::to_stderr();
    match words.as_slice() {
        ["ci-server"] => ci::server(environment, log).await,
        ["ci-agent"] => ci::agent(environment, log).await,
        ["forge"] => match forge::serve(environment, log).await {
            Ok(never) => match never {},
            Err(error) => fail(&error, 1),
        },
        ["chat"] => match chat::serve(environment, log).await {
            Ok(never) => match never {},
            Err(error) => fail(&error, 1),
        },
        ["echo"] => match echo::serve(environment, log).await {
            Ok(never) => match never {},
            Err(error) => fail(&error, 1),
        },
        ["meddler"] => match meddler::serve(environment, log).await {
            Ok(never) => match never {},
            Err(error) => fail(&error, 1),
        },
        ["messages"] => match messages::serve(environment, log).await {
            Ok(never) => match never {},
            Err(error) => fail(&error, 1),
        },
        ["healthcheck", url] => match healthcheck::check(url).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error, 1),
        },
        _ => fail(USAGE, WRONG_USAGE),
    }
}

/// Waits for SIGTERM or SIGINT.
async fn terminated() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without handlers the default action ends the process, but for the first one of a container.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn fail(message: &str, code: u8) -> ExitCode {
    // Nothing is left to tell it to if standard error is closed.
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::from(code)
}
