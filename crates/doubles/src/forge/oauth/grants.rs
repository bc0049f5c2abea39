//! Who allowed which application what, and the codes that follow from it.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use super::challenge::Challenge;
use crate::random;

/// How long a code may be exchanged, in seconds. (RFC 6749, section 4.1.2, recommends ten minutes at most.)
const CODE_SECONDS: u64 = 600;
/// How many codes are kept; beyond that nobody gets one until some have expired.
const MOST_CODES: usize = 10_000;

/// A user's consent to an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) id: u64,
    pub(crate) user: u64,
    pub(super) application: u64,
    /// Space-separated, as it was asked for.
    pub(super) scope: String,
    /// The client's, for the next ID token (OpenID Connect Core, section 2).
    pub(super) nonce: String,
    /// How often tokens were handed out, where each refresh token works once.
    pub(super) counter: u64,
}

/// A code that waits for its client.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) grant: u64,
    pub(super) challenge: Challenge,
    expires: u64,
}

impl Code {
    pub(super) fn is_expired(&self, now: u64) -> bool {
        self.expires <= now
    }
}

#[derive(Debug, Default)]
struct All {
    last_id: u64,
    grants: HashMap<u64, Grant>,
    codes: HashMap<String, Code>,
}

/// All grants and codes.
#[derive(Debug, Default)]
pub(crate) struct Grants(Mutex<All>);

impl Grants {
    fn with<T>(&self, action: impl FnOnce(&mut All) -> T) -> T {
        action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn get(&self, id: u64) -> Option<Grant> {
        self.with(|all| all.grants.get(&id).cloned())
    }

    pub(super) fn find(&self, user: u64, application: u64) -> Option<Grant> {
        self.with(|all| {
            all.grants.values().find(|grant| grant.user == user && grant.application == application).cloned()
        })
    }

    pub(super) fn create(&self, user: u64, application: u64, scope: &str) -> Grant {
        self.with(|all| {
            all.last_id += 1;
            let (id, scope) = (all.last_id, scope.to_owned());
            let grant = Grant { id, user, application, scope, nonce: String::new(), counter: 0 };
            all.grants.insert(id, grant.clone());
            grant
        })
    }

    pub(super) fn set_nonce(&self, id: u64, nonce: &str) {
        self.with(|all| {
            if let Some(grant) = all.grants.get_mut(&id) {
                grant.nonce = nonce.to_owned();
            }
        });
    }

    /// Counts one more answer with tokens.
    pub(super) fn count(&self, id: u64) -> Option<Grant> {
        self.with(|all| {
            let grant = all.grants.get_mut(&id)?;
            grant.counter += 1;
            Some(grant.clone())
        })
    }

    /// Forgets all that was granted to an application.
    pub(crate) fn forget(&self, application: u64) {
        self.with(|all| {
            all.grants.retain(|_, grant| grant.application != application);
            let All { grants, codes, .. } = all;
            codes.retain(|_, code| grants.contains_key(&code.grant));
        });
    }

    /// A code for a grant; it works once, and not for long.
    pub(super) fn code(&self, grant: u64, challenge: Challenge, now: u64) -> io::Result<String> {
        let text = format!("gta_{}", random::base32()?);
        self.with(|all| {
            if all.codes.len() >= MOST_CODES {
                all.codes.retain(|_, code| !code.is_expired(now));
            }
            if all.codes.len() >= MOST_CODES {
                return Err(io::Error::other("too many codes wait for their clients"));
            }
            all.codes.insert(text.clone(), Code { grant, challenge, expires: now + CODE_SECONDS });
            Ok(text)
        })
    }

    pub(super) fn look_up(&self, code: &str) -> Option<Code> {
        self.with(|all| all.codes.get(code).cloned())
    }

    /// Uses a code up; false where somebody was faster.
    pub(super) fn take(&self, code: &str) -> bool {
        self.with(|all| all.codes.remove(code).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_works_once_and_not_for_long() {
        let grants = Grants::default();
        let grant = grants.create(1, 7, "openid");
        let code = grants.code(grant.id, Challenge::None, 1000).unwrap();
        let found = grants.look_up(&code).unwrap();
        assert!(!found.is_expired(1599) && found.is_expired(1600));
        assert!(grants.take(&code) && !grants.take(&code) && grants.look_up(&code).is_none());
    }

    #[test]
    fn what_is_granted_ends_with_the_application() {
        let grants = Grants::default();
        let (one, other) = (grants.create(1, 7, ""), grants.create(1, 8, ""));
        let code = grants.code(one.id, Challenge::None, 0).unwrap();
        grants.forget(7);
        assert!(grants.get(one.id).is_none() && grants.look_up(&code).is_none() && grants.find(1, 8) == Some(other));
    }
}
