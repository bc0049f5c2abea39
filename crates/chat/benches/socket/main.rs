//! The socket under load: `cargo bench -p chat --bench socket`.
//!
//! The chat, the edge, the forge's double and the clients are in this process, so its memory is that of all of them; the command is this
//! program again. Nothing here is an assertion: machines differ.

#![expect(clippy::print_stdout, reason = "a benchmark's table is its output")]
#![expect(clippy::unwrap_used, reason = "where something is missing there is nothing to measure")]
#![expect(dead_code, reason = "what it shares with the tests has more than it needs")]

#[path = "../../tests/suite/browser.rs"]
mod browser;
#[path = "../../tests/suite/client.rs"]
mod client;
mod command;
mod figures;
#[path = "../../tests/suite/forges.rs"]
mod forges;
mod memory;
#[path = "../../tests/suite/real_caddy.rs"]
mod real_caddy;
#[path = "../../tests/suite/skipping.rs"]
mod skipping;
#[path = "../../tests/suite/tls.rs"]
mod tls;
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
        command::run();
    } else if arguments.iter().any(|argument| argument == RAISED) {
        tokio::runtime::Runtime::new().unwrap().block_on(figures::measure());
    } else {
        // Two thousand sockets have more ends than a process may usually hold. Only a shell can change that without unsafe code.
        let raise = ["-c", "ulimit -n \"$(ulimit -Hn)\"; exec \"$0\" \"$@\""];
        let status = Command::new("sh").args(raise).arg(std::env::current_exe().unwrap()).arg(RAISED).status().unwrap();
        assert!(status.success(), "it ended with {status}");
    }
}
