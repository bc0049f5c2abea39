//! The suites of this crate, in one program.

#[cfg(test)]
mod browser;
#[cfg(test)]
mod contracts;
#[cfg(test)]
mod echo;
#[cfg(test)]
mod sign_in;
