//! Evidence, findings and verdicts: pure functions from what was observed to what to do.
//!
//! No input or output, no clock, no YAML, no other crate of the workspace.
//!
//! - [`attempt`]: fixes that were tried
//! - [`evidence`]: what was observed
//! - [`changes`]: what is otherwise than in an earlier run
//! - [`finding`]: a diagnosed cause
//! - [`fix`]: what to change
//! - [`rules`]: from evidence to findings, one rule a file
//! - [`judgement`]: from findings to a verdict with its reason

pub mod attempt;
pub mod changes;
pub mod evidence;
pub mod finding;
pub mod fix;
pub mod judgement;
pub mod rules;
mod sentence;

pub use attempt::Attempt;
pub use evidence::Evidence;
pub use finding::{Class, Finding, Observation, Place, Proof, Severity};
pub use fix::{Change, Fix, RouteField};
pub use judgement::{Judgement, Verdict, conclude, conclude_with, judge};
