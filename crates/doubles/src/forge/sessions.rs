//! Who is signed in.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Mutex, PoisonError};

use super::oauth::{Asked, Challenge};
use crate::random::token;

/// How many sessions are kept; the oldest goes first.
const CAPACITY: usize = 10_000;

/// One browser, as the forge knows it.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// The value of its cookie.
    pub(super) id: String,
    /// What its forms must send back (Forgejo).
    pub(super) csrf: String,
    /// Who is signed in.
    pub(super) user: Option<String>,
    /// What its consent page asked last.
    asked: Option<Asked>,
    /// What a client last promised to prove, whichever it was.
    challenge: Challenge,
}

/// All sessions, in memory.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    all: Mutex<(HashMap<String, Session>, VecDeque<String>)>,
}

impl Sessions {
    pub(super) fn find(&self, id: &str) -> Option<Session> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).0.get(id).cloned()
    }

    /// Begins a session with an id that nobody knows yet.
    pub(super) fn begin(&self, user: Option<&str>) -> io::Result<Session> {
        let user = user.map(ToOwned::to_owned);
        let session = Session { id: token(8)?, csrf: token(16)?, user, asked: None, challenge: Challenge::default() };
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let (sessions, order) = &mut *all;
        if order.len() == CAPACITY
            && let Some(oldest) = order.pop_front()
        {
            sessions.remove(&oldest);
        }
        order.push_back(session.id.clone());
        sessions.insert(session.id.clone(), session.clone());
        Ok(session)
    }

    /// Notes what the session's consent page asks.
    pub(super) fn ask(&self, id: &str, asked: Asked) {
        if let Some(session) = self.all.lock().unwrap_or_else(PoisonError::into_inner).0.get_mut(id) {
            session.asked = Some(asked);
        }
    }

    /// What the session's consent page asked last.
    pub(super) fn asked(&self, id: &str) -> Option<Asked> {
        self.find(id)?.asked
    }

    /// Notes what a client promised to prove.
    pub(super) fn promise(&self, id: &str, challenge: Challenge) {
        if let Some(session) = self.all.lock().unwrap_or_else(PoisonError::into_inner).0.get_mut(id) {
            session.challenge = challenge;
        }
    }

    /// What a client last promised to prove in this session.
    pub(super) fn promised(&self, id: &str) -> Challenge {
        self.find(id).map(|session| session.challenge).unwrap_or_default()
    }

    pub(super) fn end(&self, id: &str) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let (sessions, order) = &mut *all;
        if sessions.remove(id).is_some() {
            order.retain(|other| other != id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_a_bound() {
        let sessions = Sessions::default();
        let first = sessions.begin(None).unwrap();
        let second = sessions.begin(Some("smoke")).unwrap();
        for _ in 1..CAPACITY {
            sessions.begin(None).unwrap();
        }
        assert!(sessions.find(&first.id).is_none());
        assert_eq!(sessions.find(&second.id).unwrap().user.as_deref(), Some("smoke"));
        sessions.end(&second.id);
        assert!(sessions.find(&second.id).is_none());
    }
}
