//! The program as its users meet it: command line in, exit code and text out.

mod bad_files;
mod bad_sites;
mod embedded;
mod journeys;
mod language;
mod options;
mod program;
mod secrets;
mod server;
mod wire;
