//! One repository's objects and branches.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use git_wire::object::{Commit, Entry, Kind, Mode, Object, ObjectId, Signature, Tree};

/// Why a file isn't committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileError {
    /// There is no such branch, or there can't be.
    NoBranch,
    /// No file can be there.
    BadPath,
}

/// Objects, and the names that point to them.
#[derive(Debug, Clone)]
pub(super) struct Contents {
    objects: HashMap<ObjectId, Arc<Object>>,
    /// Full names (`refs/heads/main`).
    references: BTreeMap<String, ObjectId>,
    default_branch: String,
}

impl Contents {
    pub(super) fn new(default_branch: &str) -> Self {
        Self { objects: HashMap::new(), references: BTreeMap::new(), default_branch: default_branch.to_owned() }
    }

    pub(super) fn default_branch(&self) -> &str {
        &self.default_branch
    }

    pub(super) fn is_empty(&self) -> bool {
        self.references.is_empty()
    }

    pub(super) fn branches(&self) -> impl Iterator<Item = (&str, ObjectId)> {
        self.references.iter().filter_map(|(name, id)| Some((name.strip_prefix("refs/heads/")?, *id)))
    }

    pub(super) fn branch(&self, branch: &str) -> Option<ObjectId> {
        self.references.get(&format!("refs/heads/{branch}")).copied()
    }

    pub(super) fn object(&self, id: ObjectId) -> Option<&Arc<Object>> {
        self.objects.get(&id)
    }

    pub(super) fn commit(&self, id: ObjectId) -> Option<Commit> {
        let object = self.object(id).filter(|object| object.kind == Kind::Commit)?;
        Commit::parse(&object.data).ok()
    }

    pub(super) fn tree(&self, id: ObjectId) -> Option<Tree> {
        let object = self.object(id).filter(|object| object.kind == Kind::Tree)?;
        Tree::parse(&object.data).ok()
    }

    pub(super) fn file(&self, branch: &str, path: &str) -> Option<&[u8]> {
        let mut id = self.commit(self.branch(branch)?)?.tree;
        let mut segments = path.split('/').peekable();
        while let Some(segment) = segments.next() {
            let entry = self.tree(id)?.get(segment.as_bytes()).cloned()?;
            if (entry.mode == Mode::Folder) != segments.peek().is_some() {
                return None;
            }
            id = entry.id;
        }
        let object = self.object(id).filter(|object| object.kind == Kind::Blob)?;
        Some(&object.data)
    }

    /// Keeps an object.
    pub(super) fn put(&mut self, object: Object) -> ObjectId {
        let id = object.id();
        self.objects.entry(id).or_insert_with(|| Arc::new(object));
        id
    }

    /// Commits a file to a branch, which comes to be where it isn't there.
    pub(super) fn commit_file(
        &mut self,
        branch: &str,
        path: &str,
        content: &[u8],
        message: &str,
        who: &Signature,
    ) -> Result<ObjectId, FileError> {
        if !is_branch(branch) {
            return Err(FileError::NoBranch);
        }
        let segments: Vec<&str> = path.split('/').collect();
        if segments.len() > 32 || !segments.iter().all(|segment| is_segment(segment)) {
            return Err(FileError::BadPath);
        }
        let parent = self.branch(branch);
        let top = parent.and_then(|id| self.commit(id)).map(|commit| commit.tree);
        let blob = self.put(Object::blob(content));
        let tree = self.with_file(top, &segments, blob)?;
        let commit = Commit {
            tree,
            parents: parent.into_iter().collect(),
            author: who.clone(),
            committer: who.clone(),
            message: message.to_owned(),
        };
        let id = self.put(commit.to_object());
        self.references.insert(format!("refs/heads/{branch}"), id);
        Ok(id)
    }

    /// The folder with the file in it, at this path.
    fn with_file(&mut self, folder: Option<ObjectId>, path: &[&str], blob: ObjectId) -> Result<ObjectId, FileError> {
        let mut tree = folder.and_then(|id| self.tree(id)).unwrap_or_default();
        let Some((name, below)) = path.split_first() else { return Err(FileError::BadPath) };
        let known = tree.get(name.as_bytes()).cloned();
        let entry = if below.is_empty() {
            if known.as_ref().is_some_and(|entry| entry.mode == Mode::Folder) {
                return Err(FileError::BadPath);
            }
            let mode = known.map_or(Mode::File, |entry| entry.mode);
            Entry { mode, name: name.as_bytes().to_vec(), id: blob }
        } else {
            if known.as_ref().is_some_and(|entry| entry.mode != Mode::Folder) {
                return Err(FileError::BadPath);
            }
            let id = self.with_file(known.map(|entry| entry.id), below, blob)?;
            Entry { mode: Mode::Folder, name: name.as_bytes().to_vec(), id }
        };
        tree.put(entry);
        Ok(self.put(tree.to_object()))
    }
}

fn is_segment(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..") && !segment.eq_ignore_ascii_case(".git") && !segment.contains(['\0', '\\'])
}

/// What `git check-ref-format --branch` lets through, by its documented rules.
pub(super) fn is_branch(name: &str) -> bool {
    let is_fine = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    let is_odd = |character: char| character.is_ascii_control() || " ~^:?*[\\".contains(character);
    name.split('/').all(is_fine)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains(is_odd)
        && !name.ends_with('.')
        && !name.starts_with('-')
        && name != "@"
        && name.len() <= 250
}
