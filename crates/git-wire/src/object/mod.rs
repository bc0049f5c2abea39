//! Objects: what a repository consists of, each named by the SHA-1 of its content.

mod commit;
mod id;
mod tree;

pub use commit::{Commit, CommitError, Signature};
pub use id::{IdError, ObjectId};
pub use tree::{Entry, Mode, Tree, TreeError};

use sha1::{Digest, Sha1};

/// The kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A snapshot with its history.
    Commit,
    /// A folder.
    Tree,
    /// A file's content.
    Blob,
    /// An annotated tag.
    Tag,
}

impl Kind {
    /// The name in object headers.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Commit => "commit",
            Kind::Tree => "tree",
            Kind::Blob => "blob",
            Kind::Tag => "tag",
        }
    }
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its content, without the header that goes into its id.
    pub data: Vec<u8>,
}

impl Object {
    /// A file's content.
    pub fn blob(data: impl Into<Vec<u8>>) -> Self {
        Self { kind: Kind::Blob, data: data.into() }
    }

    /// Its id.
    pub fn id(&self) -> ObjectId {
        let mut hash = Hasher::new(self.kind, self.data.len() as u64);
        hash.update(&self.data);
        hash.finish()
    }
}

/// The id of an object whose content comes piece by piece.
#[derive(Debug, Clone)]
pub struct Hasher(Sha1);

impl Hasher {
    /// For an object of this kind whose content is `length` bytes long.
    pub fn new(kind: Kind, length: u64) -> Self {
        let mut hash = Sha1::new();
        hash.update(format!("{} {length}\0", kind.as_str()));
        Self(hash)
    }

    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The id.
    pub fn finish(self) -> ObjectId {
        ObjectId::from_bytes(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_that_git_gives() {
        // `git hash-object -t blob --stdin`, empty and with content; the empty tree.
        assert_eq!(Object::blob("").id().to_string(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(Object::blob("hello\n").id().to_string(), "ce013625030ba8dba906f756967f9e9ca394464a");
        let empty = Object { kind: Kind::Tree, data: Vec::new() };
        assert_eq!(empty.id().to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    }
}
