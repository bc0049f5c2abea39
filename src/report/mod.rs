//! Consumers of events: what people and programs read about a run.
//!
//! - [`Reporters`]: the one door, a sink of [`crate::engine::events`]
//! - [`model`]: the report as JSON, and its schema
//! - [`merge`]: one report from the shards of a run
//! - [`green`]: the last run in which all was well
//! - [`explain`]: what the rules say of themselves
//! - [`campaign`]: the score of a fault campaign, as a table and as Markdown
//! - `human`, `junit`, `annotations`, `markdown`: ways to show it, each a pure function of what it shows
//!
//! Nothing in here reads the environment or a clock.

mod annotations;
pub mod campaign;
mod changes;
pub mod explain;
mod files;
pub mod green;
mod human;
mod junit;
pub(crate) mod markdown;
pub mod merge;
pub mod model;
mod reporters;
mod schema;
pub mod shard;
mod style;
mod text;
mod xml;

pub use files::{WriteError, write_into};
pub use merge::merge;
pub use model::Report;
pub use reporters::{FinishError, Format, Reporters};
pub use schema::schema;
pub use shard::Shard;
pub use style::{Annotations, Style};
pub(crate) use text::one_line as clean;
