//! The chat's sandbox: what its container promises, and whether that is kept.
//!
//! - [`Promise`]: one promise, kept or broken
//! - [`settings`]: what the engine says of the container: pure
//! - [`find`]: the chat's container, and what it says from within
//! - [`text`]: the answer for people

pub mod find;
pub mod settings;
mod settings_mounts;
pub mod text;

use serde::{Deserialize, Serialize};

/// One promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// Its name.
    pub name: String,
    /// Whether it is kept.
    pub kept: bool,
    /// What was seen.
    pub seen: String,
}

impl Promise {
    /// A promise by what was seen.
    pub fn new(name: &str, kept: bool, seen: impl Into<String>) -> Self {
        Self { name: name.to_owned(), kept, seen: seen.into() }
    }
}

/// What was looked at, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The container's name.
    pub container: String,
    /// What the engine says.
    pub settings: Vec<Promise>,
    /// What is seen from within.
    pub inside: Vec<Promise>,
}

impl Verification {
    /// Whether all promises are kept.
    pub fn is_kept(&self) -> bool {
        self.settings.iter().chain(&self.inside).all(|promise| promise.kept)
    }
}
