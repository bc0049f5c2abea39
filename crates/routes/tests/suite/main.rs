//! The suites of this crate, in one program.

mod caddyfile;
mod common;
mod decisions;
mod validation;
