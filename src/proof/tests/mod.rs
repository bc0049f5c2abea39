//! The proof on scripts, and on stacks with real faults.

mod properties;
mod proposals;
mod script;
mod stacks;
