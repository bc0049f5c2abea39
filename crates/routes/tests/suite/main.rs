//! The suites of this crate, in one program.

#[cfg(test)]
mod caddyfile;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod common;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod deployment;
#[cfg(test)]
mod fallback;
#[cfg(test)]
mod names;
#[cfg(test)]
mod nomad;
#[cfg(test)]
mod settings_to_routes;
#[cfg(test)]
mod stale;
#[cfg(test)]
mod validation;
#[cfg(test)]
mod variables;
