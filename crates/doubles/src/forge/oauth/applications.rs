//! OAuth applications, as the forge keeps them.

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};

use ring::digest::{Digest, SHA256, digest};

use crate::forge::clock;
use crate::random;

/// A registered client. Of its secret only a digest is kept.
#[derive(Clone)]
pub(crate) struct Application {
    /// Its number, from 1.
    pub(crate) id: u64,
    /// The number of the user whose it is.
    pub(crate) owner: u64,
    pub(crate) name: String,
    pub(crate) client_id: String,
    secret: Digest,
    /// It can keep a secret (RFC 6749, section 2.1).
    pub(crate) confidential: bool,
    pub(crate) redirect_uris: Vec<String>,
    /// Seconds since 1970.
    pub(crate) created: u64,
}

impl fmt::Debug for Application {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Application").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Application {
    /// Whether this is its secret.
    pub(super) fn has_secret(&self, secret: &str) -> bool {
        // Digests of what an attacker sends tell nothing of how much of it was right.
        digest(&SHA256, secret.as_bytes()).as_ref() == self.secret.as_ref()
    }

    pub(super) fn has_redirect_uri(&self, uri: &str) -> bool {
        super::redirect::is_registered(&self.redirect_uris, uri, self.confidential)
    }
}

/// What an application shall be.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) confidential: bool,
}

/// All applications, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Applications(Mutex<(u64, Vec<Application>)>);

impl Applications {
    /// Registers an application. The secret is handed out here, and never again.
    pub(crate) fn create(&self, owner: u64, wanted: Wanted) -> io::Result<(Application, String)> {
        let secret = new_secret()?;
        let client_id = random::uuid()?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.0 += 1;
        let application = Application {
            id: all.0,
            owner,
            name: wanted.name,
            client_id,
            secret: digest(&SHA256, secret.as_bytes()),
            confidential: wanted.confidential,
            redirect_uris: wanted.redirect_uris,
            created: clock::now(),
        };
        all.1.push(application.clone());
        Ok((application, secret))
    }

    /// Changes an application of this owner, which makes it a new secret. `None` where there is no such application.
    pub(crate) fn update(&self, owner: u64, id: u64, wanted: Wanted) -> io::Result<Option<(Application, String)>> {
        let secret = new_secret()?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.1.iter_mut().find(|application| application.id == id && application.owner == owner);
        let Some(application) = found else { return Ok(None) };
        application.name = wanted.name;
        application.redirect_uris = wanted.redirect_uris;
        application.confidential = wanted.confidential;
        application.secret = digest(&SHA256, secret.as_bytes());
        Ok(Some((application.clone(), secret)))
    }

    /// Removes an application of this owner; false where there is none.
    pub(crate) fn remove(&self, owner: u64, id: u64) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.1.len();
        all.1.retain(|application| application.id != id || application.owner != owner);
        all.1.len() < before
    }

    /// An owner's applications, the newest first, as the API lists them.
    pub(crate) fn of(&self, owner: u64) -> Vec<Application> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.1.iter().rev().filter(|application| application.owner == owner).cloned().collect()
    }

    pub(super) fn by_client_id(&self, client_id: &str) -> Option<Application> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.1.iter().find(|application| application.client_id == client_id).cloned()
    }

    pub(super) fn by_id(&self, id: u64) -> Option<Application> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.1.iter().find(|application| application.id == id).cloned()
    }
}

fn new_secret() -> io::Result<String> {
    Ok(format!("gto_{}", random::base32()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_makes_a_new_secret() {
        let applications = Applications::default();
        let wanted = |name: &str| Wanted { name: name.to_owned(), redirect_uris: Vec::new(), confidential: true };
        let (made, first) = applications.create(1, wanted("a")).unwrap();
        applications.create(2, wanted("other")).unwrap();
        assert!(made.has_secret(&first) && !made.has_secret("") && first.starts_with("gto_"));
        let (changed, second) = applications.update(1, made.id, wanted("b")).unwrap().unwrap();
        assert_eq!((changed.client_id.as_str(), changed.name.as_str()), (made.client_id.as_str(), "b"));
        assert!(changed.has_secret(&second) && !changed.has_secret(&first));
        assert!(applications.update(2, made.id, wanted("c")).unwrap().is_none(), "somebody else's");
        assert!(!applications.remove(2, made.id) && applications.remove(1, made.id));
        assert!(applications.by_client_id(&made.client_id).is_none() && applications.of(2).len() == 1);
    }
}
