//! The program as its users meet it: command line in, exit code and text out.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod api;
mod assets;
mod bad_files;
mod bad_sites;
#[path = "../../crates/edge/tests/suite/caddy.rs"]
mod caddy;
mod closed;
mod docs;
mod echo;
mod embedded;
mod explain;
mod faults;
mod interrupt;
mod journeys;
mod language;
mod oauth;
mod options;
mod pivot;
mod program;
mod repositories;
mod secrets;
mod server;
mod sockets;
mod tls;
mod upgrade;
mod websockets;
mod wire;
