//! From evidence to a judgement, through the crate's public door.

mod build;
mod cookies;
mod precedence;
mod properties;
mod rules;
