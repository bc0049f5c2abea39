//! Which files differ between two folders.

use git_wire::object::{Mode, ObjectId, Tree};

use super::contents::Contents;

/// The deepest folder that is looked into.
const DEEPEST: usize = 64;

/// The most files that are listed.
const MOST_FILES: usize = 1000;

/// Files that differ, by their paths.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) added: Vec<String>,
    pub(super) removed: Vec<String>,
    pub(super) modified: Vec<String>,
}

/// What to do to `old` to get `new`.
pub(super) fn between(contents: &Contents, old: Option<ObjectId>, new: ObjectId) -> Changes {
    let mut changes = Changes::default();
    compare(contents, old, Some(new), "", DEEPEST, &mut changes);
    changes
}

fn compare(
    contents: &Contents,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
    folder: &str,
    depth: usize,
    changes: &mut Changes,
) {
    let count = changes.added.len() + changes.removed.len() + changes.modified.len();
    if old == new || depth == 0 || count >= MOST_FILES {
        return;
    }
    let read = |id: Option<ObjectId>| id.and_then(|id| contents.tree(id)).unwrap_or_default();
    let (old, new): (Tree, Tree) = (read(old), read(new));
    let folder_of =
        |tree: &Tree, name: &[u8]| tree.get(name).filter(|entry| entry.mode == Mode::Folder).map(|entry| entry.id);
    let file_of = |tree: &Tree, name: &[u8]| {
        tree.get(name).filter(|entry| entry.mode != Mode::Folder).map(|entry| (entry.mode, entry.id))
    };
    let gone = old.entries.iter().filter(|entry| new.get(&entry.name).is_none());
    for entry in new.entries.iter().chain(gone) {
        let path = format!("{folder}{}", String::from_utf8_lossy(&entry.name));
        match (file_of(&old, &entry.name), file_of(&new, &entry.name)) {
            (None, Some(_)) => changes.added.push(path.clone()),
            (Some(_), None) => changes.removed.push(path.clone()),
            (Some(before), Some(after)) if before != after => changes.modified.push(path.clone()),
            _ => {}
        }
        let (before, after) = (folder_of(&old, &entry.name), folder_of(&new, &entry.name));
        compare(contents, before, after, &format!("{path}/"), depth - 1, changes);
    }
}
