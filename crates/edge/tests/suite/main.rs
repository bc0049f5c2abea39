//! The suites of this crate, in one program.

#[cfg(test)]
mod caddy;
#[cfg(test)]
mod differences;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod edge;
#[cfg(test)]
mod https;
#[cfg(test)]
mod program;
#[cfg(test)]
mod recorder;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod wire;
