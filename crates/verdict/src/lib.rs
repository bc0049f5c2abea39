//! Evidence, findings and verdicts: pure functions from what was observed to what to do.
//!
//! No input or output, no clock, no YAML, no other crate of the workspace.

pub mod evidence;
