//! The fallback that a report calls for: planned, filed, carried out.
//!
//! - [`called_for`]: whether a report calls for it, and what for
//! - [`sides`]: the site as it is, and as it will be
//! - [`plan`]: what changes; pure

pub mod called_for;
mod diff;
pub mod plan;
pub mod sides;
pub mod text;

pub use called_for::{Call, Standing};
pub use plan::Plan;
pub use sides::Sides;
