//! Reading `fixtures/compose.yml`: the part of the Compose file format that it uses, and nothing beyond that. A key
//! that isn't known here is an error, never ignored: what the harness stands up is what `docker compose up` stands
//! up.
//!
//! - [`model`]: what a file says
//! - [`interpolate`]: its `${VARIABLES}`
//! - [`read`]: text and variables → model, with all errors of the file at their places

pub mod interpolate;
pub mod model;
pub mod read;
mod reader;
mod service;
mod value;

pub use read::read;
