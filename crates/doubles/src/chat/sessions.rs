//! Who is signed in.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many sessions are kept; the oldest make room.
const MOST: usize = 10_000;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) user: String,
    /// Seconds since 1970.
    pub(super) expires: u64,
}

/// All sessions, by the values of their cookies.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<BTreeMap<String, Session>>);

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, token: &str, session: Session) {
        let mut sessions = self.lock();
        if sessions.len() >= MOST {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.expires).map(|(token, _)| token.clone());
            oldest.and_then(|token| sessions.remove(&token));
        }
        sessions.insert(token.to_owned(), session);
    }

    /// A session, whether or not it has expired.
    pub(super) fn get(&self, token: &str) -> Option<Session> {
        self.lock().get(token).cloned()
    }

    pub(super) fn end(&self, token: &str) {
        self.lock().remove(token);
    }
}

/// Whether a text can be a session's name: 64 characters of hexadecimal.
pub(super) fn is_token(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
