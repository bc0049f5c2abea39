//! What belongs to a commit: its folders and files, and the commits before it.

use std::borrow::Borrow;
use std::collections::HashSet;

use crate::object::{Commit, Kind, Mode, Object, ObjectId, Tree};

/// Something that belongs to a commit and isn't there, or isn't what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReachError {
    /// An object isn't there.
    #[error("{by} needs the object {id}, which isn't there")]
    Missing {
        /// The object.
        id: ObjectId,
        /// What needs it.
        by: String,
    },
    /// An object is of another kind, or can't be read.
    #[error("the object {id}, which {by} needs, is wrong: {what}")]
    Wrong {
        /// The object.
        id: ObjectId,
        /// What needs it.
        by: String,
        /// What is wrong.
        what: String,
    },
}

/// What an object needs: each with the kind that it must be of, where that is known.
type Needs = Vec<(ObjectId, Option<Kind>)>;

/// All objects that belong to these, themselves included, each once. What is in `without` is left out, with all that only
/// it needs; the parents of commits in `shallow` aren't needed.
///
/// # Errors
/// Something is missing or wrong.
pub fn all<F, O>(
    starts: impl IntoIterator<Item = ObjectId>,
    without: &HashSet<ObjectId>,
    shallow: &HashSet<ObjectId>,
    find: F,
) -> Result<Vec<ObjectId>, ReachError>
where
    F: Fn(ObjectId) -> Option<O>,
    O: Borrow<Object>,
{
    let mut seen = without.clone();
    let mut found = Vec::new();
    let mut left: Vec<(ObjectId, Option<Kind>, Option<ObjectId>)> =
        starts.into_iter().map(|id| (id, None, None)).collect();
    while let Some((id, kind, by)) = left.pop() {
        if !seen.insert(id) {
            continue;
        }
        let by = || by.map_or_else(|| "a branch or tag".to_owned(), |id| id.to_string());
        let object = find(id).ok_or_else(|| ReachError::Missing { id, by: by() })?;
        let object: &Object = object.borrow();
        let wrong = |what: String| ReachError::Wrong { id, by: by(), what };
        if let Some(kind) = kind.filter(|kind| *kind != object.kind) {
            return Err(wrong(format!("it is a {}, and should be a {}", object.kind.as_str(), kind.as_str())));
        }
        let needs = needs(object, shallow.contains(&id)).map_err(wrong)?;
        found.push(id);
        left.extend(needs.into_iter().map(|(need, kind)| (need, kind, Some(id))));
    }
    Ok(found)
}

/// What an object needs at once.
fn needs(object: &Object, is_shallow: bool) -> Result<Needs, String> {
    match object.kind {
        Kind::Blob => Ok(Vec::new()),
        Kind::Tree => {
            let tree = Tree::parse(&object.data).map_err(|error| error.to_string())?;
            let kinds = tree.entries.iter().filter_map(|entry| match entry.mode {
                Mode::Folder => Some((entry.id, Some(Kind::Tree))),
                Mode::Submodule => None,
                Mode::File | Mode::Executable | Mode::Link => Some((entry.id, Some(Kind::Blob))),
            });
            Ok(kinds.collect())
        }
        Kind::Commit => {
            let commit = Commit::parse(&object.data).map_err(|error| error.to_string())?;
            let parents = commit.parents.into_iter().filter(|_| !is_shallow).map(|id| (id, Some(Kind::Commit)));
            Ok(parents.chain([(commit.tree, Some(Kind::Tree))]).collect())
        }
        Kind::Tag => {
            let first = object.data.split(|&byte| byte == b'\n').next().unwrap_or_default();
            let id = first.strip_prefix(b"object ").and_then(|id| ObjectId::from_hex(id).ok());
            Ok(vec![(id.ok_or("the tag names no object")?, None)])
        }
    }
}
