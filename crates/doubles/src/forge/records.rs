//! What the forge knows of a repository besides its content: issues, pull requests, statuses, webhooks, collaborators.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use super::clock;
use super::webhooks::Hook;

/// The most of a kind that a repository keeps; beyond that nothing is made.
pub(super) const MOST: usize = 10_000;

/// What somebody may do with a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Access {
    None,
    Read,
    Write,
    Admin,
    Owner,
}

impl Access {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Access::None => "none",
            Access::Read => "read",
            Access::Write => "write",
            Access::Admin => "admin",
            Access::Owner => "owner",
        }
    }
}

/// An issue, or a pull request.
#[derive(Debug, Clone)]
pub(super) struct Issue {
    /// Its number among all issues of the forge.
    pub(super) id: u64,
    /// Its number in the repository, from 1; issues and pull requests share them.
    pub(super) number: u64,
    /// The number of the user who made it.
    pub(super) author: u64,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) open: bool,
    /// Seconds since 1970.
    pub(super) created: u64,
    pub(super) updated: u64,
    /// What shall be merged, where it is a pull request.
    pub(super) pull: Option<Pull>,
    /// The ids of its labels.
    pub(super) labels: Vec<u64>,
}

/// A label of a repository's.
#[derive(Debug, Clone)]
pub(super) struct Label {
    pub(super) id: u64,
    pub(super) name: String,
    /// Six hexadecimal digits.
    pub(super) color: String,
    pub(super) description: String,
}

/// What a pull request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pull {
    /// Its number among all pull requests of the forge.
    pub(super) id: u64,
    /// The branch with the changes.
    pub(super) head: String,
    /// The branch that shall get them.
    pub(super) base: String,
}

/// What somebody says of a commit.
#[derive(Debug, Clone)]
pub(super) struct Status {
    pub(super) id: u64,
    pub(super) commit: String,
    pub(super) state: String,
    pub(super) target_url: String,
    pub(super) description: String,
    pub(super) context: String,
    /// The number of the user who said it.
    pub(super) creator: u64,
    /// Seconds since 1970.
    pub(super) created: u64,
}

/// What the forge knows of one repository.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) description: String,
    /// Seconds since 1970.
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(super) issues: Vec<Issue>,
    /// The number of the last issue that was made, be it still there or not.
    last_number: u64,
    pub(super) labels: Vec<Label>,
    pub(super) statuses: Vec<Status>,
    pub(super) hooks: Vec<Hook>,
    /// By the user's number.
    pub(super) collaborators: BTreeMap<u64, Access>,
}

impl Record {
    fn new() -> Self {
        let now = clock::now();
        Self {
            description: String::new(),
            created: now,
            updated: now,
            issues: Vec::new(),
            last_number: 0,
            labels: Vec::new(),
            statuses: Vec::new(),
            hooks: Vec::new(),
            collaborators: BTreeMap::new(),
        }
    }

    /// The number of the next issue: no number is given twice.
    pub(super) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// How many issues, and how many pull requests, are open.
    pub(super) fn open(&self) -> (usize, usize) {
        let open = self.issues.iter().filter(|issue| issue.open);
        let pulls = open.clone().filter(|issue| issue.pull.is_some()).count();
        (open.count() - pulls, pulls)
    }
}

/// All records, by the repository's number.
#[derive(Debug, Default)]
pub(super) struct Records(Mutex<All>);

#[derive(Debug, Default)]
struct All {
    last_id: u64,
    by_repository: HashMap<u64, Record>,
}

impl Records {
    /// Reads or changes a repository's record.
    pub(super) fn with<T>(&self, repository: u64, action: impl FnOnce(&mut Record) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        action(all.by_repository.entry(repository).or_insert_with(Record::new))
    }

    /// A number that nothing has yet.
    pub(super) fn next_id(&self) -> u64 {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.last_id += 1;
        all.last_id
    }

    /// A copy of a repository's record.
    pub(super) fn get(&self, repository: u64) -> Record {
        self.with(repository, |record| record.clone())
    }

    pub(super) fn forget(&self, repository: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).by_repository.remove(&repository);
    }
}
