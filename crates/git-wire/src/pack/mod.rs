//! Packs: many objects in one stream, each compressed, some as differences from others (gitformat-pack).

mod delta;
mod header;
mod read;
mod resolve;
mod write;

pub use delta::DeltaError;
pub use read::Reader;
pub use write::{Compression, Writer};

use crate::object::ObjectId;

/// What a pack may cost whoever reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most objects.
    pub objects: u32,
    /// The most bytes of all objects together, unpacked, differences included.
    pub bytes: u64,
}

/// A pack that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// It begins otherwise.
    #[error("expected a pack (`PACK`, version 2), found `{0}`")]
    Signature(String),
    /// It has more objects than are read.
    #[error("the pack has {found} objects, more than the {limit} that are read")]
    TooMany {
        /// How many it says it has.
        found: u32,
        /// The limit.
        limit: u32,
    },
    /// Its objects are larger than is read.
    #[error("the pack's objects are larger than the {limit} bytes that are read")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// An object's header can't be.
    #[error("the pack is broken at byte {at}: {what}")]
    Broken {
        /// Where, from 0.
        at: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// An object is a difference that can't be applied.
    #[error("the object at byte {at} of the pack can't be made: {error}")]
    Delta {
        /// Where its entry begins.
        at: u64,
        /// What is wrong.
        error: DeltaError,
    },
    /// An object is a difference from one that isn't there.
    #[error("the pack builds on the object {0}, which is nowhere")]
    NoBase(ObjectId),
    /// An object is a difference from a place where none begins.
    #[error("the object at byte {at} of the pack builds on one at byte {base}, where none begins")]
    NoBaseAt {
        /// Where its entry begins.
        at: u64,
        /// Where the other's should begin.
        base: u64,
    },
    /// Its checksum is another.
    #[error("the pack's checksum is {found}, and its content's is {expected}")]
    Checksum {
        /// The content's.
        expected: ObjectId,
        /// What the pack says.
        found: ObjectId,
    },
    /// It ends before its end.
    #[error("the pack ends after {bytes} bytes and {objects} objects, before its end")]
    Cut {
        /// How many bytes came.
        bytes: u64,
        /// How many objects were whole.
        objects: usize,
    },
    /// Something follows it.
    #[error("something follows the pack's end")]
    More,
}

#[cfg(test)]
mod tests;
