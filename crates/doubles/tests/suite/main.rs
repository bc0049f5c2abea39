//! The suites of this crate, in one program.

#[cfg(test)]
mod browser;
#[cfg(test)]
mod ci;
#[cfg(test)]
mod contracts;
#[cfg(test)]
mod echo;
#[cfg(test)]
mod git;
#[cfg(test)]
mod git_answers;
#[cfg(test)]
mod program;
#[cfg(test)]
mod sign_in;
