//! What this crate writes and reads, held to git itself.

#[cfg(test)]
mod git;
#[cfg(test)]
mod packs;
