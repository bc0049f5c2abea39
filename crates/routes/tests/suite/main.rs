//! The suites of this crate, in one program.

#[cfg(test)]
mod caddyfile;
#[cfg(test)]
mod common;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod validation;
