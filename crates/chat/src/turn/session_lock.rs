//! `session.lock`: one user of an identity at a time.
//!
//! Who signed in by OAuth has a token that is renewed now and then, and the old one is worth nothing then. Two who renew it at once throw each other out. The
//! command's own lock lies outside the folders that containers share, so this one stands beside what it protects.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::identity::SESSION_LOCK;

/// How often a lock that somebody else holds is tried again. There is no way to be told.
const AGAIN: Duration = Duration::from_millis(100);

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) struct SessionLock {
    _file: File,
}

impl SessionLock {
    /// Waits for the lock of the identity in this folder.
    pub(super) async fn acquire(config_dir: &Path) -> io::Result<Self> {
        let path = config_dir.join(SESSION_LOCK);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(std::fs::TryLockError::WouldBlock) => tokio::time::sleep(AGAIN).await,
                Err(std::fs::TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = SessionLock::acquire(folder.path()).await.unwrap();
        let mut second = Box::pin(SessionLock::acquire(folder.path()));
        assert!(tokio::time::timeout(AGAIN * 3, &mut second).await.is_err());
        drop(first);
        second.await.unwrap();
        assert!(
            SessionLock::acquire(&folder.path().join("none")).await.unwrap_err().to_string().contains("session.lock")
        );
    }
}
