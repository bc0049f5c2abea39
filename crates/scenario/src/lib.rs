//! The scenario language: one YAML file is one user's journey.
//!
//! This crate is pure: text in, a [`model::Scenario`] or located [`diagnostic::Diagnostic`]s out. It knows no
//! network, no async runtime and no other crate of the workspace.
//!
//! - [`mod@yaml`]: text → a tree whose every node knows its span
//! - [`decode`]: tree → values by tables of keys, collecting all errors
//! - [`mod@parse`]: tree → model, collecting all errors of a file
//! - [`model`]: what a scenario says
//! - [`template`]: text with variables
//! - [`predicate`]: does what came satisfy what was expected
//! - [`diagnostic`]: the one way in which a located error is shown
//! - [`text`]: text made fit for showing
//! - [`duration`]: spans of time as they are written
//! - [`secret`]: values that cannot be printed, and the redactor
//! - [`schema`]: the JSON Schema, from the same tables as the parser
//! - [`reference`]: the same for people

pub mod decode;
pub mod diagnostic;
pub mod duration;
pub mod model;
pub mod parse;
pub mod predicate;
pub mod reference;
pub mod schema;
pub mod secret;
pub mod span;
pub mod template;
pub mod text;
mod variables;
pub mod yaml;

pub use diagnostic::Diagnostic;
pub use model::Scenario;
pub use parse::parse;
pub use secret::{Redactor, Secret};
pub use span::{LineIndex, Source, Span, Spanned};
