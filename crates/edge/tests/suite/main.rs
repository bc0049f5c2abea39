//! The suites of this crate, in one program.

#[cfg(test)]
mod edge;
#[cfg(test)]
mod recorder;
#[cfg(test)]
mod wire;
