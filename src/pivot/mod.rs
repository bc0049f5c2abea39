//! The fallback that a report calls for: planned, filed, carried out.
//!
//! - [`called_for`]: whether a report calls for it, and what for
//! - [`sides`]: the site as it is, and as it will be
//! - [`plan`]: what changes; pure
//! - [`text`]: the plan for people, fit for an issue; pure
//! - [`issue`]: filed at the forge
//! - [`carried_out`]: the change on a stack that we may change, verified, or undone

pub mod called_for;
pub mod carried_out;
mod diff;
pub mod issue;
pub mod plan;
pub mod sides;
pub mod text;

pub use called_for::{Call, Standing};
pub use plan::Plan;
pub use sides::Sides;
