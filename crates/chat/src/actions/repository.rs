//! `owner/name`, and which of them actions may touch.

use std::fmt;

use serde::{Serialize, Serializer};

/// The longest part of a repository's name.
const LONGEST: usize = 100;

/// A repository of the forge.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Repository {
    owner: String,
    name: String,
}

impl Repository {
    /// Reads `owner/name`; letters, digits, `-`, `_` and `.` as the forge allows them.
    pub fn from_text(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        Self::new(owner, name)
    }

    /// Puts a repository's name together.
    pub fn new(owner: &str, name: &str) -> Option<Self> {
        (is_part(owner) && is_part(name)).then(|| Self { owner: owner.to_owned(), name: name.to_owned() })
    }

    /// Whose it is.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Its name alone.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether both are the same to the forge, which doesn't tell cases apart.
    pub fn is(&self, other: &Self) -> bool {
        self.owner.eq_ignore_ascii_case(&other.owner) && self.name.eq_ignore_ascii_case(&other.name)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.name)
    }
}

impl Serialize for Repository {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A part never means anything in a path: no slash, no `..`, nothing to be encoded.
fn is_part(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= LONGEST
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && !part.bytes().all(|byte| byte == b'.')
        && !part.contains("..")
}
