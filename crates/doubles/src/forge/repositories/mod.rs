//! The forge's repositories, in memory: what the API, the web pages and git share.

mod branching;
mod changes;
mod contents;
mod push;
pub(super) mod smart_http;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use git_wire::object::{ObjectId, Signature};
use git_wire::reference::is_branch;

pub use branching::{BranchError, Entry};
use contents::Contents;
pub use contents::FileError;
pub use push::{Commit, Person, Push};

/// What a repository is, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryFacts {
    /// Its number, from 1.
    pub id: u64,
    /// Whose it is, as spelt when it was made.
    pub owner: String,
    /// Its name, as spelt when it was made.
    pub name: String,
    /// Only its owner may read it.
    pub private: bool,
    /// The branch that a clone checks out.
    pub default_branch: String,
    /// Nothing was ever committed.
    pub empty: bool,
}

impl RepositoryFacts {
    /// `owner/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

/// Why a repository isn't made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateError {
    /// Its owner has one of this name.
    Exists,
    /// No repository can have this name.
    BadName,
}

/// Why a file isn't committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitError {
    /// There is no such repository.
    NoRepository,
    /// The repository has content, and no such branch.
    NoBranch,
    /// No file can be there: an empty segment, `..`, `.git`, or a file in the place of a folder.
    BadPath,
}

type Listener = Arc<dyn Fn(&Push) + Send + Sync>;

/// All repositories. Clones are handles to the same ones.
#[derive(Clone, Default)]
pub struct Repositories(Arc<Inner>);

#[derive(Default)]
struct Inner {
    all: RwLock<All>,
    listeners: RwLock<Vec<Listener>>,
}

#[derive(Default)]
struct All {
    last_id: u64,
    /// By owner and name in lower case.
    by_name: BTreeMap<(String, String), Arc<Repository>>,
}

/// One repository.
pub(super) struct Repository {
    id: u64,
    owner: String,
    name: String,
    contents: Mutex<(bool, Contents)>,
}

impl fmt::Debug for Repositories {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.0.all.read().unwrap_or_else(PoisonError::into_inner);
        formatter.debug_set().entries(all.by_name.values().map(|repository| &repository.name)).finish()
    }
}

impl Repositories {
    /// Makes a repository; with `init` it gets a first commit with a README on this branch.
    ///
    /// # Errors
    /// There is one of this name, or the name can't be one.
    pub fn create(&self, owner: &str, name: &str, init: Option<&str>) -> Result<RepositoryFacts, CreateError> {
        let branch = init.unwrap_or("main");
        if !is_name(name) || !is_branch(branch) {
            return Err(CreateError::BadName);
        }
        let repository = {
            let mut all = self.0.all.write().unwrap_or_else(PoisonError::into_inner);
            if all.by_name.contains_key(&key(owner, name)) {
                return Err(CreateError::Exists);
            }
            all.last_id += 1;
            let repository = Arc::new(Repository {
                id: all.last_id,
                owner: owner.to_owned(),
                name: name.to_owned(),
                contents: Mutex::new((false, Contents::new(branch))),
            });
            all.by_name.insert(key(owner, name), repository.clone());
            repository
        };
        if init.is_some() {
            // Nobody is told of a first commit that the forge makes by itself.
            let readme = format!("# {name}\n\n");
            let written = repository.with(|contents| {
                contents.commit_file(branch, "README.md", readme.as_bytes(), "Initial commit", &signature(owner))
            });
            written.map_err(|_| CreateError::BadName)?;
        }
        Ok(repository.facts())
    }

    /// The repository, if it is there. Names are looked up without regard to case, as forges do.
    pub fn get(&self, owner: &str, name: &str) -> Option<RepositoryFacts> {
        Some(self.find(owner, name)?.facts())
    }

    /// All repositories of an owner, the oldest first.
    pub fn list(&self, owner: &str) -> Vec<RepositoryFacts> {
        let all = self.0.all.read().unwrap_or_else(PoisonError::into_inner);
        let owner = owner.to_lowercase();
        let mut found: Vec<_> =
            all.by_name.iter().filter(|((of, _), _)| *of == owner).map(|(_, repository)| repository.facts()).collect();
        found.sort_by_key(|facts| facts.id);
        found
    }

    /// Removes a repository; false where there is none.
    pub fn delete(&self, owner: &str, name: &str) -> bool {
        let mut all = self.0.all.write().unwrap_or_else(PoisonError::into_inner);
        all.by_name.remove(&key(owner, name)).is_some()
    }

    /// Says who may read it: its owner alone, or everybody. False where there is no such repository.
    pub fn set_private(&self, owner: &str, name: &str, private: bool) -> bool {
        self.find(owner, name).map(|repository| repository.lock().0 = private).is_some()
    }

    /// Commits one file to a branch, as its owner, and tells the listeners. In an empty repository the branch comes to be.
    ///
    /// # Errors
    /// No such repository or branch, or no file can be there.
    pub fn commit_file(
        &self,
        owner: &str,
        name: &str,
        branch: &str,
        path: &str,
        content: &[u8],
        message: &str,
    ) -> Result<Commit, CommitError> {
        let repository = self.find(owner, name).ok_or(CommitError::NoRepository)?;
        let who = signature(&repository.owner);
        let (before, commits) = repository
            .with(|contents| {
                let before = contents.branch(branch).unwrap_or(ObjectId::NONE);
                if before == ObjectId::NONE && !contents.is_empty() {
                    return Err(FileError::NoBranch);
                }
                contents.commit_file(branch, path, content, message, &who)?;
                let after = contents.branch(branch).ok_or(FileError::NoBranch)?;
                Ok((before, push::commits(contents, branch, before, after)))
            })
            .map_err(|error| match error {
                FileError::NoBranch => CommitError::NoBranch,
                FileError::BadPath => CommitError::BadPath,
            })?;
        let commit = commits.first().cloned().ok_or(CommitError::NoBranch)?;
        self.tell(&Push {
            repository: repository.facts(),
            pusher: repository.owner.clone(),
            reference: format!("refs/heads/{branch}"),
            before: before.to_string(),
            after: commit.id.clone(),
            commits,
        });
        Ok(commit)
    }

    /// The newest commit of a branch.
    pub fn branch(&self, owner: &str, name: &str, branch: &str) -> Option<Commit> {
        self.find(owner, name)?.with(|contents| {
            let head = contents.branch(branch)?;
            push::commit(contents, branch, head)
        })
    }

    /// The newest commits of all branches, by the branches' names.
    pub fn branches(&self, owner: &str, name: &str) -> Vec<Commit> {
        let Some(repository) = self.find(owner, name) else { return Vec::new() };
        repository.with(|contents| {
            contents.branches().filter_map(|(branch, head)| push::commit(contents, branch, head)).collect()
        })
    }

    /// What a file of a branch, tag or commit holds.
    pub fn file(&self, owner: &str, name: &str, revision: &str, path: &str) -> Option<Vec<u8>> {
        self.find(owner, name)?.with(|contents| contents.file(revision, path).map(<[u8]>::to_vec))
    }

    /// Calls the listener after each push, whether it came by git or was made by the API: once a branch or tag. It must
    /// not take long: whoever pushed waits for it.
    pub fn on_push(&self, listener: impl Fn(&Push) + Send + Sync + 'static) {
        self.0.listeners.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(listener));
    }

    fn tell(&self, push: &Push) {
        // Not under the lock: a listener may commit something itself.
        let listeners = self.0.listeners.read().unwrap_or_else(PoisonError::into_inner).clone();
        listeners.iter().for_each(|listener| listener(push));
    }

    fn find(&self, owner: &str, name: &str) -> Option<Arc<Repository>> {
        let all = self.0.all.read().unwrap_or_else(PoisonError::into_inner);
        all.by_name.get(&key(owner, name)).cloned()
    }
}

impl Repository {
    fn lock(&self) -> std::sync::MutexGuard<'_, (bool, Contents)> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, action: impl FnOnce(&mut Contents) -> T) -> T {
        action(&mut self.lock().1)
    }

    fn facts(&self) -> RepositoryFacts {
        let (private, contents) = &*self.lock();
        RepositoryFacts {
            id: self.id,
            owner: self.owner.clone(),
            name: self.name.clone(),
            private: *private,
            default_branch: contents.default_branch().to_owned(),
            empty: contents.is_empty(),
        }
    }
}

fn key(owner: &str, name: &str) -> (String, String) {
    (owner.to_lowercase(), name.to_lowercase())
}

/// Letters, digits, `-`, `_` and `.`, but none of the names that mean something else.
fn is_name(name: &str) -> bool {
    let is_plain =
        name.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.'));
    let lower = name.to_lowercase();
    let is_special = matches!(name, "" | "." | ".." | "-")
        || [".git", ".wiki", ".rss", ".atom"].iter().any(|end| lower.ends_with(end));
    is_plain && !is_special && name.len() <= 100
}

/// The owner, now.
fn signature(owner: &str) -> Signature {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    Signature { name: owner.to_owned(), email: format!("{}@edge.test", owner.to_lowercase()), time }
}

#[cfg(test)]
mod tests;
