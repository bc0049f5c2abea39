//! From evidence to a judgement, through the crate's public door.

mod build;
mod changes;
mod cookies;
mod precedence;
mod properties;
mod rules;
