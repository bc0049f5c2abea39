//! `tamper`: the rules of meddlers, as a fault file has them.

pub(super) mod keys;
mod read;
#[cfg(test)]
mod tests;

pub(super) use read::tamper;
