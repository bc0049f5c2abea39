//! Branches that come and go without git, and what their folders hold.

use git_wire::object::{Kind, Mode, ObjectId};
use git_wire::reference::is_branch;

use super::push::{self, Commit, Push};
use super::{Repositories, Repository};

/// Why a branch is neither made nor removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BranchError {
    /// There is no such repository.
    NoRepository,
    /// There is no such branch.
    NoBranch,
    /// There is a branch of this name.
    Exists,
    /// No branch can have this name.
    BadName,
    /// It is the branch that clones check out.
    Default,
}

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name; bytes that aren't UTF-8 are replaced.
    pub name: String,
    /// It is a folder.
    pub folder: bool,
    /// The object's id, 40 hexadecimal digits.
    pub id: String,
    /// How many bytes a file has; 0 for a folder.
    pub size: usize,
}

impl Repositories {
    /// Makes a branch where another is, and tells the listeners.
    ///
    /// # Errors
    /// [`BranchError`], but `Default`.
    pub fn create_branch(&self, owner: &str, name: &str, new: &str, from: &str) -> Result<Commit, BranchError> {
        let repository = self.find(owner, name).ok_or(BranchError::NoRepository)?;
        if !is_branch(new) {
            return Err(BranchError::BadName);
        }
        let commit = repository.with(|contents| {
            let id = contents.branch(from).ok_or(BranchError::NoBranch)?;
            if contents.branch(new).is_some() {
                return Err(BranchError::Exists);
            }
            contents.point(new, id);
            push::commit(contents, new, id).ok_or(BranchError::NoBranch)
        })?;
        self.tell_of(&repository, new, ObjectId::NONE.to_string(), commit.id.clone(), vec![commit.clone()]);
        Ok(commit)
    }

    /// Removes a branch, and tells the listeners.
    ///
    /// # Errors
    /// [`BranchError::NoRepository`], [`BranchError::NoBranch`] or [`BranchError::Default`].
    pub fn remove_branch(&self, owner: &str, name: &str, branch: &str) -> Result<(), BranchError> {
        let repository = self.find(owner, name).ok_or(BranchError::NoRepository)?;
        let before = repository.with(|contents| {
            if contents.branch(branch).is_some() && contents.default_branch() == branch {
                return Err(BranchError::Default);
            }
            contents.remove_branch(branch).ok_or(BranchError::NoBranch)
        })?;
        self.tell_of(&repository, branch, before.to_string(), ObjectId::NONE.to_string(), Vec::new());
        Ok(())
    }

    /// The commits of a branch, or up to a tag or commit, the newest first, no more than `most`: along first parents.
    pub fn history(&self, owner: &str, name: &str, revision: &str, most: usize) -> Vec<Commit> {
        let Some(repository) = self.find(owner, name) else { return Vec::new() };
        repository.with(|contents| {
            let parent = |id: &ObjectId| contents.commit(*id).and_then(|raw| raw.parents.first().copied());
            let ids = std::iter::successors(contents.at(revision), parent).take(most);
            ids.filter_map(|id| push::commit(contents, revision, id)).collect()
        })
    }

    /// The commit that a branch, a tag or an id means, in this order.
    pub fn commit(&self, owner: &str, name: &str, revision: &str) -> Option<Commit> {
        self.find(owner, name)?.with(|contents| push::commit(contents, revision, contents.at(revision)?))
    }

    /// What the folder of a branch, tag or commit holds, by name; the empty path is its top.
    pub fn folder(&self, owner: &str, name: &str, revision: &str, path: &str) -> Option<Vec<Entry>> {
        self.find(owner, name)?.with(|contents| {
            let tree = contents.folder(revision, path)?;
            let entry = |entry: &git_wire::object::Entry| {
                let object = contents.object(entry.id).filter(|object| object.kind == Kind::Blob);
                Entry {
                    name: String::from_utf8_lossy(&entry.name).into_owned(),
                    folder: entry.mode == Mode::Folder,
                    id: entry.id.to_string(),
                    size: object.map_or(0, |object| object.data.len()),
                }
            };
            Some(tree.entries.iter().map(entry).collect())
        })
    }

    fn tell_of(&self, repository: &Repository, branch: &str, before: String, after: String, commits: Vec<Commit>) {
        self.tell(&Push {
            repository: repository.facts(),
            pusher: repository.owner.clone(),
            reference: format!("refs/heads/{branch}"),
            before,
            after,
            commits,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn branches_come_and_go() {
        let all = Repositories::default();
        all.create("o", "r", Some("main")).unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let notes = told.clone();
        all.on_push(move |push| {
            notes.lock().unwrap().push((push.reference.clone(), push.before.clone(), push.after.clone()))
        });
        let head = all.branch("o", "r", "main").unwrap().id;
        assert_eq!(all.create_branch("o", "r", "feat", "main").unwrap().id, head);
        assert_eq!(all.create_branch("o", "r", "feat", "main"), Err(BranchError::Exists));
        assert_eq!(all.create_branch("o", "r", "x", "nope"), Err(BranchError::NoBranch));
        assert_eq!(all.create_branch("o", "r", "a..b", "main"), Err(BranchError::BadName));
        assert_eq!(all.create_branch("o", "nope", "x", "main"), Err(BranchError::NoRepository));
        assert_eq!(all.remove_branch("o", "r", "feat"), Ok(()));
        assert_eq!(all.remove_branch("o", "r", "feat"), Err(BranchError::NoBranch));
        assert_eq!(all.remove_branch("o", "r", "main"), Err(BranchError::Default));
        let (name, none) = ("refs/heads/feat".to_owned(), "0".repeat(40));
        assert_eq!(*told.lock().unwrap(), [(name.clone(), none.clone(), head.clone()), (name, head, none)]);
    }

    #[test]
    fn folders_and_history() {
        let all = Repositories::default();
        all.create("o", "r", Some("main")).unwrap();
        let commit = all.commit_file("o", "r", "main", "a/b.txt", b"hello", "second").unwrap();
        let names = |path: &str| {
            let entries = all.folder("o", "r", "main", path)?;
            Some(entries.into_iter().map(|entry| (entry.name, entry.folder, entry.size)).collect::<Vec<_>>())
        };
        assert_eq!(names(""), Some(vec![("README.md".to_owned(), false, 5), ("a".to_owned(), true, 0)]));
        assert_eq!(names("a"), Some(vec![("b.txt".to_owned(), false, 5)]));
        assert_eq!((names("a/b.txt"), names("nope")), (None, None));
        let history = all.history("o", "r", "main", 10);
        assert_eq!((history.len(), &history[0]), (2, &commit));
        assert_eq!(all.history("o", "r", "main", 1).len(), 1);
        assert_eq!(all.commit("o", "r", &commit.id).unwrap().id, commit.id);
        let first = &history[1].id;
        assert_eq!(all.folder("o", "r", first, "").unwrap().len(), 1, "as it was then");
        assert_eq!(
            (all.file("o", "r", first, "a/b.txt"), all.file("o", "r", &commit.id, "a/b.txt")),
            (None, Some(b"hello".to_vec()))
        );
        assert_eq!((all.commit("o", "r", "x"), all.commit("o", "r", &"0".repeat(40))), (None, None));
    }
}
