//! Sign-ins under way, by the `state` that travels through the forge.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::TIME;
use crate::random;

/// How many are kept; the oldest make room.
const MOST: usize = 10_000;

/// A sign-in under way.
#[derive(Debug, Clone)]
pub(in crate::chat) struct Attempt {
    /// What the browser that began it has in its cookie.
    pub(super) binding: String,
    /// The PKCE verifier (RFC 7636, section 4.1).
    pub(super) verifier: String,
    began: u64,
    number: u64,
}

/// All of them.
#[derive(Debug, Default)]
pub(in crate::chat) struct Attempts(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    attempts: BTreeMap<String, Attempt>,
    begun: u64,
}

impl Attempts {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new one: its name and its verifier.
    pub(super) fn begin(&self, binding: &str, now: u64) -> io::Result<(String, String)> {
        let (name, verifier) = (random::token(24)?, random::token(32)?);
        let mut kept = self.lock();
        kept.begun += 1;
        let number = kept.begun;
        kept.attempts.retain(|_, attempt| attempt.is_recent(now));
        if kept.attempts.len() >= MOST {
            let oldest = kept.attempts.iter().min_by_key(|(_, it)| it.number).map(|(name, _)| name.clone());
            oldest.and_then(|name| kept.attempts.remove(&name));
        }
        let attempt = Attempt { binding: binding.to_owned(), verifier: verifier.clone(), began: now, number };
        kept.attempts.insert(name.clone(), attempt);
        Ok((name, verifier))
    }

    pub(super) fn find(&self, name: &str, now: u64) -> Option<Attempt> {
        self.lock().attempts.get(name).filter(|attempt| attempt.is_recent(now)).cloned()
    }

    /// The newest of a browser's.
    pub(super) fn last_of(&self, bindings: &[&str], now: u64) -> Option<(String, Attempt)> {
        let kept = self.lock();
        let own = kept.attempts.iter().filter(|(_, it)| bindings.contains(&it.binding.as_str()) && it.is_recent(now));
        own.max_by_key(|(_, attempt)| attempt.number).map(|(name, attempt)| (name.clone(), attempt.clone()))
    }

    /// It is good for one time.
    pub(super) fn end(&self, name: &str) {
        self.lock().attempts.remove(name);
    }

    pub(super) fn put_back(&self, name: &str, attempt: Attempt) {
        self.lock().attempts.insert(name.to_owned(), attempt);
    }
}

impl Attempt {
    fn is_recent(&self, now: u64) -> bool {
        now.saturating_sub(self.began) <= TIME.as_secs()
    }
}
