//! The socket under load: `cargo bench -p chat --bench socket`, or a part of it: `-- streams`, `first`, `sockets`, `turns`.
//!
//! The chat is a process of its own, so that its memory is its own; the edge, the forge's double and the clients are in this one; a real Caddy stands
//! beside, where `EDGE_SMOKE_CADDY` names one. The command is this program again. Nothing here is an assertion: machines differ, and the ratio to the
//! yardstick of the same run is what says something.

#![expect(clippy::print_stdout, reason = "a benchmark's table is its output")]
#![expect(clippy::unwrap_used, reason = "where something is missing there is nothing to measure")]
#![expect(dead_code, reason = "what it shares with the tests has more than it needs")]

#[path = "../../tests/suite/browser.rs"]
mod browser;
#[path = "../../tests/suite/client.rs"]
mod client;
mod command;
#[path = "../../tests/suite/forges.rs"]
mod forges;
mod load;
mod process;
#[path = "../../tests/suite/real_caddy.rs"]
mod real_caddy;
mod service;
#[path = "../../tests/suite/skipping.rs"]
mod skipping;
mod sockets;
mod streams;
mod table;
#[path = "../../tests/suite/tls.rs"]
mod tls;
mod turns;
#[path = "../../tests/suite/ways.rs"]
mod ways;
#[path = "../../tests/suite/world.rs"]
mod world;

use std::process::Command;

/// Says that the limit of open files is raised.
const RAISED: &str = "--raised";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.first().is_some_and(|name| name.ends_with(command::NAME)) {
        return command::run();
    }
    if service::is_it(&arguments) {
        return;
    }
    if arguments.iter().any(|argument| argument == RAISED) {
        let parts: Vec<&str> =
            arguments.iter().skip(1).map(String::as_str).filter(|argument| !argument.starts_with('-')).collect();
        return tokio::runtime::Runtime::new().unwrap().block_on(measure(&parts));
    }
    // Two thousand sockets have more ends than a process may usually hold. Only a shell can change that without unsafe code.
    let raise = ["-c", "ulimit -n \"$(ulimit -Hn)\"; exec \"$0\" \"$@\""];
    let itself = std::env::current_exe().unwrap();
    let status = Command::new("sh").args(raise).arg(itself).args(&arguments[1..]).arg(RAISED).status().unwrap();
    assert!(status.success(), "it ended with {status}");
}

async fn measure(parts: &[&str]) {
    let is_asked_for = |part: &str| parts.is_empty() || parts.contains(&part);
    let load = load::Load::start().await;
    table::head();
    if is_asked_for("streams") {
        streams::measure(&load).await;
    }
    if is_asked_for("first") {
        streams::first(&load).await;
    }
    if is_asked_for("sockets") {
        sockets::measure(&load).await;
    }
    if is_asked_for("turns") {
        turns::measure(&load).await;
    }
}
