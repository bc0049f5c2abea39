//! What the container around the service allows, seen from within: each promise of the sandbox, kept or broken.
//!
//! What was set can be read from outside; whether it holds is seen only by who tries. `chat inside` runs beside the service in its container, as the same user, and
//! tries, for the last part confined as a turn's command is. The harness puts it together with what the engine says.
//!
//! - [`Facts`]: what is found
//! - [`Promise`]: what follows from it
//! - [`attempts`]: what a confined command tries

pub mod attempts;
mod facts;
mod mounts;
mod promises;

pub use facts::{Facts, Try};
pub use promises::{Promise, promises};
