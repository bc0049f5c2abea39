//! The pipeline that ships: its file, and the scripts that its steps run.

mod forge;
mod schema;
mod script;
mod sending;
mod steps;
mod workflow;

#[path = "../support/mod.rs"]
mod support;
