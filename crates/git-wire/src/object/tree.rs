//! Trees: folders.

use std::cmp::Ordering;

use super::{Kind, Object, ObjectId};

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A file.
    File,
    /// A file that can be run.
    Executable,
    /// A symbolic link; its blob holds the target.
    Link,
    /// A folder.
    Folder,
    /// Another repository's commit, which isn't part of this one.
    Submodule,
}

impl Mode {
    fn octal(self) -> &'static str {
        match self {
            Mode::File => "100644",
            Mode::Executable => "100755",
            Mode::Link => "120000",
            Mode::Folder => "40000",
            Mode::Submodule => "160000",
        }
    }

    /// Old repositories hold files of other permissions, such as `100664`.
    fn read(octal: &[u8]) -> Option<Self> {
        Some(match octal {
            b"40000" | b"040000" => Mode::Folder,
            b"120000" => Mode::Link,
            b"160000" => Mode::Submodule,
            b"100755" => Mode::Executable,
            _ if octal.len() == 6 && octal.starts_with(b"100") => Mode::File,
            _ => return None,
        })
    }
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub mode: Mode,
    /// Its name: any bytes but NUL and `/`.
    pub name: Vec<u8>,
    /// What it holds.
    pub id: ObjectId,
}

/// A folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// Its entries, in git's order.
    pub entries: Vec<Entry>,
}

/// A tree that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tree is broken at byte {0}")]
pub struct TreeError(usize);

impl Tree {
    /// Reads a tree's content.
    ///
    /// # Errors
    /// It is broken; the byte says where.
    pub fn parse(data: &[u8]) -> Result<Self, TreeError> {
        let mut entries = Vec::new();
        let mut rest = data;
        while !rest.is_empty() {
            let at = data.len() - rest.len();
            let (entry, after) = entry(rest).ok_or(TreeError(at))?;
            entries.push(entry);
            rest = after;
        }
        Ok(Self { entries })
    }

    /// The entry of this name.
    pub fn get(&self, name: &[u8]) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Puts an entry in place of the one of its name, or in addition.
    pub fn put(&mut self, entry: Entry) {
        self.entries.retain(|other| other.name != entry.name);
        self.entries.push(entry);
    }

    /// The object, its entries in git's order.
    pub fn to_object(&self) -> Object {
        let mut entries: Vec<&Entry> = self.entries.iter().collect();
        entries.sort_by(|left, right| order(left, right));
        let mut data = Vec::new();
        for entry in entries {
            data.extend_from_slice(entry.mode.octal().as_bytes());
            data.push(b' ');
            data.extend_from_slice(&entry.name);
            data.push(0);
            data.extend_from_slice(entry.id.as_bytes());
        }
        Object { kind: Kind::Tree, data }
    }
}

fn entry(data: &[u8]) -> Option<(Entry, &[u8])> {
    let space = data.iter().position(|&byte| byte == b' ')?;
    let mode = Mode::read(&data[..space])?;
    let rest = &data[space + 1..];
    let end = rest.iter().position(|&byte| byte == 0)?;
    let name = &rest[..end];
    let id = rest.get(end + 1..end + 21)?;
    if name.is_empty() || name.contains(&b'/') {
        return None;
    }
    let entry = Entry { mode, name: name.to_vec(), id: ObjectId::from_bytes(id.try_into().ok()?) };
    Some((entry, &rest[end + 21..]))
}

/// By name, where a folder's ends in a slash.
fn order(left: &Entry, right: &Entry) -> Ordering {
    let key = |entry: &Entry| {
        let slash = (entry.mode == Mode::Folder).then_some(b'/');
        entry.name.iter().copied().chain(slash).collect::<Vec<u8>>()
    };
    key(left).cmp(&key(right))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(mode: Mode, name: &str) -> Entry {
        Entry { mode, name: name.into(), id: Object::blob("").id() }
    }

    #[test]
    fn folders_sort_as_if_they_ended_in_a_slash() {
        let entries = vec![named(Mode::Folder, "a"), named(Mode::File, "a.txt"), named(Mode::File, "a0")];
        let sorted = Tree::parse(&Tree { entries }.to_object().data).unwrap();
        let names: Vec<_> = sorted.entries.iter().map(|entry| String::from_utf8_lossy(&entry.name)).collect();
        assert_eq!(names, ["a.txt", "a", "a0"]);
    }

    #[test]
    fn broken_trees() {
        for (data, at) in [
            (&b"100644"[..], 0),
            (b"100644 a\0short", 0),
            (b"100644 \0aaaaaaaaaaaaaaaaaaaa", 0),
            (b"100644 a/b\0aaaaaaaaaaaaaaaaaaaa", 0),
            (b"x a\0aaaaaaaaaaaaaaaaaaaa", 0),
            (b"100644 a\0aaaaaaaaaaaaaaaaaaaa100", 29),
        ] {
            assert_eq!(Tree::parse(data), Err(TreeError(at)), "{data:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Tree::parse(&data);
        }

        #[test]
        fn what_is_written_is_read(names in proptest::collection::btree_set("[a-z.]{1,8}", 0..20)) {
            let entries: Vec<_> = names.iter().map(|name| named(Mode::File, name)).collect();
            let tree = Tree { entries };
            prop_assert_eq!(&Tree::parse(&tree.to_object().data).unwrap(), &tree);
        }
    }
}
