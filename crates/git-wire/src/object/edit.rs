//! Putting a file into a tree of folders.

use super::{Entry, Mode, Object, ObjectId, Tree};

/// The deepest that a file may be.
const DEEPEST: usize = 64;

/// No file can be there: an empty segment, `..`, `.git`, or a file in the place of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no file can be there")]
pub struct PathError;

/// A file to be put somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File<'a> {
    /// Its path, from the top.
    pub path: &'a str,
    /// Its content.
    pub blob: ObjectId,
}

impl File<'_> {
    /// The tree `top` with the file in it, in place of the one at its path; new folders come to be. New trees are handed
    /// to `keep`, and old ones looked up with `find`.
    ///
    /// # Errors
    /// No file can be there.
    pub fn put(
        self,
        top: Option<ObjectId>,
        find: &dyn Fn(ObjectId) -> Option<Tree>,
        keep: &mut dyn FnMut(Object),
    ) -> Result<ObjectId, PathError> {
        let segments: Vec<&str> = self.path.split('/').collect();
        if segments.len() > DEEPEST || !segments.iter().all(|segment| is_segment(segment)) {
            return Err(PathError);
        }
        put(top, &segments, self.blob, find, keep)
    }
}

fn put(
    folder: Option<ObjectId>,
    path: &[&str],
    blob: ObjectId,
    find: &dyn Fn(ObjectId) -> Option<Tree>,
    keep: &mut dyn FnMut(Object),
) -> Result<ObjectId, PathError> {
    let mut tree = folder.and_then(find).unwrap_or_default();
    let (name, below) = path.split_first().ok_or(PathError)?;
    let known = tree.get(name.as_bytes()).cloned();
    let is_folder = known.as_ref().map(|entry| entry.mode == Mode::Folder);
    // What is a file stays one, and what is a folder too.
    if is_folder.is_some_and(|is_folder| is_folder == below.is_empty()) {
        return Err(PathError);
    }
    let (mode, id) = if below.is_empty() {
        (known.map_or(Mode::File, |entry| entry.mode), blob)
    } else {
        (Mode::Folder, put(known.map(|entry| entry.id), below, blob, find, keep)?)
    };
    tree.put(Entry { mode, name: name.as_bytes().to_vec(), id });
    let object = tree.to_object();
    let id = object.id();
    keep(object);
    Ok(id)
}

fn is_segment(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..") && !segment.eq_ignore_ascii_case(".git") && !segment.contains(['\0', '\\'])
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn files_come_into_folders_and_stay_what_they_are() {
        let trees: RefCell<HashMap<ObjectId, Tree>> = RefCell::default();
        let blob = Object::blob("x").id();
        let put = |top, path| {
            let find = |id| trees.borrow().get(&id).cloned();
            let mut made = Vec::new();
            let id = File { path, blob }.put(top, &find, &mut |object| made.push(object));
            trees.borrow_mut().extend(made.into_iter().map(|tree| (tree.id(), Tree::parse(&tree.data).unwrap())));
            id
        };
        let one = put(None, "docs/deep/a").unwrap();
        let two = put(Some(one), "docs/b").unwrap();
        let names = |id, name: &str| -> ObjectId {
            let tree = trees.borrow()[&id].clone();
            tree.get(name.as_bytes()).unwrap().id
        };
        let docs = trees.borrow()[&names(two, "docs")].clone();
        assert_eq!(docs.entries.iter().map(|entry| entry.name.as_slice()).collect::<Vec<_>>(), [&b"b"[..], b"deep"]);
        assert_eq!(put(Some(two), "docs/b"), Ok(two));
        for path in ["", "/a", "a//b", "../a", "a/.", ".git/config", "docs", "docs/deep", "docs/b/c", &"a/".repeat(70)]
        {
            assert_eq!(put(Some(two), path), Err(PathError), "{path}");
        }
    }
}
