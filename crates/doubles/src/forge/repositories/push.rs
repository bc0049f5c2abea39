//! What happened to a repository, for those who want to know.

use git_wire::object::{Commit as Raw, ObjectId, Signature};

use super::RepositoryFacts;
use super::changes::{self, Changes};
use super::contents::Contents;

/// Something that was pushed to one branch or tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The repository, as it is after the push.
    pub repository: RepositoryFacts,
    /// Who pushed.
    pub pusher: String,
    /// `refs/heads/main`, `refs/tags/v1`.
    pub reference: String,
    /// The commit that it pointed to; 40 zeros where it is new.
    pub before: String,
    /// The commit that it points to; 40 zeros where it was deleted.
    pub after: String,
    /// The new commits, the newest first, as many as are told of one by one.
    pub commits: Vec<Commit>,
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// Seconds since 1970 began, UTC.
    pub time: u64,
}

/// A commit, as the API and the webhooks tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id, 40 hexadecimal digits.
    pub id: String,
    /// The branch that it was looked up on.
    pub branch: String,
    /// The commit before it on the branch (its first parent); `None` for the first of all.
    pub before: Option<String>,
    /// The id of the folder at its top.
    pub tree: String,
    /// Its message.
    pub message: String,
    /// Who wrote the change.
    pub author: Person,
    /// Who made the commit.
    pub committer: Person,
    /// Files that it adds.
    pub added: Vec<String>,
    /// Files that it removes.
    pub removed: Vec<String>,
    /// Files that it changes.
    pub modified: Vec<String>,
}

/// The most commits that a push tells of one by one.
const MOST_COMMITS: usize = 20;

/// A commit of the repository.
pub(super) fn commit(contents: &Contents, branch: &str, id: ObjectId) -> Option<Commit> {
    let raw = contents.commit(id)?;
    let before = raw.parents.first().copied();
    let old = before.and_then(|parent| contents.commit(parent)).map(|parent| parent.tree);
    let Changes { added, removed, modified } = changes::between(contents, old, raw.tree);
    Some(Commit {
        id: id.to_string(),
        branch: branch.to_owned(),
        before: before.map(|id| id.to_string()),
        tree: raw.tree.to_string(),
        message: raw.message,
        author: person(&raw.author),
        committer: person(&raw.committer),
        added,
        removed,
        modified,
    })
}

/// The commits from `after` back to, and without, `before`, the newest first: along first parents.
pub(super) fn commits(contents: &Contents, branch: &str, before: ObjectId, after: ObjectId) -> Vec<Commit> {
    let parent = |id: &ObjectId| contents.commit(*id).and_then(|raw: Raw| raw.parents.first().copied());
    std::iter::successors(Some(after), parent)
        .take_while(|id| *id != before)
        .take(MOST_COMMITS)
        .filter_map(|id| commit(contents, branch, id))
        .collect()
}

fn person(signature: &Signature) -> Person {
    Person { name: signature.name.clone(), email: signature.email.clone(), time: signature.time }
}
