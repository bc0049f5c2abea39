//! The harness: stands a stack up, walks it, and says what it saw.
//!
//! - [`cli`]: flags, environment, exit codes
//! - [`commands`]: one module a subcommand: wiring, no protocol
//! - [`engine`]: runs scenarios against a site; emits [`engine::events`]
//! - [`stack`]: what a scenario runs against: embedded, containers, external
//! - [`fault`]: known misconfigurations, one a file
//! - [`images`]: the images of the containers stack: found, or built
//! - [`probe`]: what else is asked when a journey failed
//! - [`walk`]: the journeys of a run on a stack that stands
//! - [`report`]: consumers of events

pub mod cli;
pub mod commands;
pub mod engine;
pub mod fault;
pub mod images;
pub mod probe;
pub mod report;
pub mod stack;
pub mod walk;
