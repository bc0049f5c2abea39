//! The program as its users meet it: command line in, exit code and text out.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod bad_files;
mod bad_sites;
mod caddy;
mod docs;
mod embedded;
mod interrupt;
mod journeys;
mod language;
mod options;
mod program;
mod repositories;
mod secrets;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod wire;
