//! What a CI server remembers: in memory, for as long as it runs.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::model::{Agent, Pipeline, Repository, User};
use super::token::now;
use crate::random;

/// How many pipelines are kept; the oldest that is over goes first.
const PIPELINES: usize = 1000;
/// How many agents are remembered; the one that was silent longest goes first.
const AGENTS: usize = 100;
/// How many users are remembered.
const USERS: usize = 1000;

/// All that a server remembers.
#[derive(Debug)]
pub(super) struct Store {
    /// Signs the states of sign-ins and what agents show.
    pub(super) secret: String,
    data: Mutex<Data>,
}

/// The tables.
#[derive(Debug, Default)]
pub(super) struct Data {
    pub(super) users: BTreeMap<u64, User>,
    pub(super) repositories: BTreeMap<u64, Repository>,
    pub(super) pipelines: BTreeMap<u64, Pipeline>,
    pub(super) agents: BTreeMap<u64, Agent>,
    last_id: BTreeMap<&'static str, u64>,
}

impl Store {
    /// An empty one.
    ///
    /// # Errors
    /// The operating system has no random bytes.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { secret: random::token(32)?, data: Mutex::default() })
    }

    /// The tables, for as long as the guard lives: never across an `await`.
    pub(super) fn lock(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Data {
    /// The next number of a table, from 1.
    pub(super) fn next_id(&mut self, table: &'static str) -> u64 {
        let last = self.last_id.entry(table).or_default();
        *last += 1;
        *last
    }

    /// Remembers who signed in, by the id that the forge has for them, or by name.
    ///
    /// # Errors
    /// There is no room for another, or no random bytes for the key of their tokens.
    pub(super) fn sign_in(&mut self, remote: User) -> io::Result<User> {
        let known = self.users.values().find(|user| user.remote_id == remote.remote_id);
        let known = known.or_else(|| self.users.values().find(|user| user.login.eq_ignore_ascii_case(&remote.login)));
        let user = match known {
            Some(known) => {
                User { id: known.id, hash: known.hash.clone(), admin: known.admin || remote.admin, ..remote }
            }
            None if self.users.len() == USERS => {
                return Err(io::Error::other("the ci double has no room for another user"));
            }
            None => User { id: self.next_id("users"), hash: random::token(32)?, ..remote },
        };
        self.users.insert(user.id, user.clone());
        Ok(user)
    }

    pub(super) fn repository_by_remote_id(&self, remote_id: &str) -> Option<&Repository> {
        self.repositories.values().find(|repository| repository.remote.remote_id == remote_id)
    }

    pub(super) fn repository_by_name(&self, full_name: &str) -> Option<&Repository> {
        self.repositories.values().find(|repository| repository.remote.full_name.eq_ignore_ascii_case(full_name))
    }

    pub(super) fn pipeline(&self, repository: u64, number: u64) -> Option<&Pipeline> {
        self.pipelines.values().find(|pipeline| pipeline.repository == repository && pipeline.number == number)
    }

    /// A repository's pipelines, newest first.
    pub(super) fn pipelines_of(&self, repository: u64) -> impl Iterator<Item = &Pipeline> {
        self.pipelines.values().rev().filter(move |pipeline| pipeline.repository == repository)
    }

    /// Numbers a pipeline and its workflows, and remembers it.
    pub(super) fn add_pipeline(&mut self, mut pipeline: Pipeline) -> Pipeline {
        if self.pipelines.len() >= PIPELINES
            && let Some(oldest) = self.pipelines.values().find(|it| it.status.is_over()).map(|it| it.id)
        {
            self.pipelines.remove(&oldest);
        }
        pipeline.id = self.next_id("pipelines");
        pipeline.number = self.pipelines_of(pipeline.repository).map(|other| other.number).max().unwrap_or(0) + 1;
        pipeline.created = now();
        for workflow in &mut pipeline.workflows {
            workflow.id = self.next_id("workflows");
        }
        self.pipelines.insert(pipeline.id, pipeline.clone());
        pipeline
    }

    /// Whether there is room for a pipeline: what is not over is never forgotten.
    pub(super) fn has_room(&self) -> bool {
        self.pipelines.len() < PIPELINES || self.pipelines.values().any(|pipeline| pipeline.status.is_over())
    }

    /// Forgets a repository and its pipelines.
    pub(super) fn remove_repository(&mut self, id: u64) {
        self.repositories.remove(&id);
        self.pipelines.retain(|_, pipeline| pipeline.repository != id);
    }

    pub(super) fn add_agent(&mut self, name: &str, version: &str) -> u64 {
        if self.agents.len() == AGENTS
            && let Some(silent) = self.agents.values().min_by_key(|agent| agent.last_contact).map(|agent| agent.id)
        {
            self.agents.remove(&silent);
        }
        let id = self.next_id("agents");
        let (name, version, now) = (name.to_owned(), version.to_owned(), now());
        let agent = Agent { id, name, version, created: now, last_contact: now, last_work: 0 };
        self.agents.insert(id, agent);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ci::model::Status;

    fn user(remote_id: &str, login: &str, admin: bool) -> User {
        User { remote_id: remote_id.to_owned(), login: login.to_owned(), admin, ..User::default() }
    }

    #[test]
    fn somebody_who_comes_again_is_known() {
        let mut data = Data::default();
        let first = data.sign_in(user("7", "alice", true)).unwrap();
        assert_eq!(first.id, 1);
        let renamed = data.sign_in(user("7", "alicia", false)).unwrap();
        assert_eq!((renamed.id, renamed.login.as_str(), renamed.admin), (1, "alicia", true));
        assert_eq!(renamed.hash, first.hash);
        assert_eq!(data.sign_in(user("8", "bob", false)).unwrap().id, 2);
    }

    #[test]
    fn pipelines_are_numbered_by_repository_and_have_a_bound() {
        let mut data = Data::default();
        let of = |repository| Pipeline { repository, ..Pipeline::default() };
        assert_eq!(data.add_pipeline(of(1)).number, 1);
        assert_eq!(data.add_pipeline(of(2)).number, 1);
        for number in 2..=PIPELINES as u64 {
            let done = Pipeline { status: Status::Success, ..of(1) };
            assert_eq!(data.add_pipeline(done).number, number);
        }
        assert!(data.has_room());
        assert!(data.pipelines.len() <= PIPELINES);
        assert!(data.pipeline(1, 1).is_some(), "what isn't over stays");
        assert!(data.pipeline(1, 2).is_none(), "what is over goes");
        data.remove_repository(1);
        assert_eq!(data.pipelines.len(), 1);
    }
}
