//! The harness: stands a stack up, walks it, and says what it saw.
//!
//! - [`cli`]: flags, environment, exit codes
//! - [`commands`]: one module a subcommand: wiring, no protocol
//! - [`engine`]: runs scenarios against a site; emits [`engine::events`]
//! - [`stack`]: what a scenario runs against: embedded, containers, external
//! - [`fault`]: known misconfigurations, one a file
//! - [`campaign`]: a catalogue of them, each injected, walked and judged: what was seen, what was named
//! - [`images`]: the images of the containers stack: found, or built
//! - [`pivot`]: the fallback that a report calls for
//! - [`probe`]: what else is asked when a journey failed
//! - [`proof`]: trying what the rules propose, on stacks of ours
//! - [`walk`]: the journeys of a run on a stack that stands
//! - [`report`]: consumers of events
//! - [`sandbox`]: what the chat's container promises, and whether that is kept

pub mod campaign;
pub mod cli;
pub mod commands;
pub mod engine;
pub mod fault;
pub mod images;
pub mod pivot;
pub mod probe;
pub mod proof;
pub mod report;
pub mod sandbox;
pub mod stack;
pub mod walk;
