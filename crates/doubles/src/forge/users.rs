//! Who has an account.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::clock;

/// Somebody who has an account.
#[derive(Clone)]
pub(super) struct User {
    /// Its number, from 1.
    pub(super) id: u64,
    /// Its name, as spelt when it was made.
    pub(super) name: String,
    pub(super) email: String,
    password: String,
    /// May do everything.
    pub(super) admin: bool,
    /// Seconds since 1970.
    pub(super) created: u64,
}

impl fmt::Debug for User {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("User").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// All accounts, by name in lower case.
#[derive(Debug, Default)]
pub(super) struct Users(RwLock<BTreeMap<String, Arc<User>>>);

impl Users {
    /// Makes an account; `None` where there is one of this name.
    pub(super) fn add(&self, name: &str, email: &str, password: &str, admin: bool) -> Option<Arc<User>> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let key = name.to_lowercase();
        if all.contains_key(&key) {
            return None;
        }
        let user = Arc::new(User {
            id: all.values().map(|user| user.id).max().unwrap_or_default() + 1,
            name: name.to_owned(),
            email: email.to_owned(),
            password: password.to_owned(),
            admin,
            created: clock::now(),
        });
        all.insert(key, user.clone());
        Some(user)
    }

    /// Gives an account another password; false where there is no such account.
    pub(super) fn set_password(&self, name: &str, password: &str) -> bool {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Some(user) = all.get_mut(&name.to_lowercase()) else { return false };
        *user = Arc::new(User { password: password.to_owned(), ..User::clone(user) });
        true
    }

    /// The account of this name, in whatever case.
    pub(super) fn named(&self, name: &str) -> Option<Arc<User>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&name.to_lowercase()).cloned()
    }

    pub(super) fn numbered(&self, id: u64) -> Option<Arc<User>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().find(|user| user.id == id).cloned()
    }

    /// All accounts, the oldest first.
    pub(super) fn all(&self) -> Vec<Arc<User>> {
        let mut all: Vec<_> = self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        all.sort_by_key(|user| user.id);
        all
    }

    /// The account with this name, or this address, and this password.
    pub(super) fn check(&self, name: &str, password: &str) -> Option<Arc<User>> {
        let user = self.named(name).or_else(|| {
            let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
            all.values().find(|user| user.email.eq_ignore_ascii_case(name)).cloned()
        })?;
        (user.password == password).then_some(user)
    }
}
