//! What was said: a file of JSON lines for each conversation, in a folder for each person.

mod entry;

use std::io;
use std::path::PathBuf;

use uuid::Uuid;

pub use entry::{Entry, Outcome, Role};

/// Why the history can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// There is no such conversation of this person's.
    #[error("there is no such conversation")]
    NotFound,
    /// It is as long as conversations may get.
    #[error("the conversation is full; begin a new one")]
    Full,
    /// The disk refuses.
    #[error("the history can't be kept: {0}")]
    Io(#[from] io::Error),
}

/// A conversation, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// The conversation.
    pub conversation_id: Uuid,
    /// The beginning of the first message.
    pub title: String,
    /// When it began, as RFC 3339 has it.
    pub created: String,
    /// When something was added last.
    pub updated: String,
}

/// All conversations. Clones share what orders their writers.
#[derive(Debug, Clone)]
pub struct History {
    directory: PathBuf,
}

impl History {
    /// The history in a folder, which is made where it isn't there.
    ///
    /// # Errors
    /// The folder can't be made.
    pub fn open(directory: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&directory)?;
        Ok(Self { directory })
    }

    /// Adds an entry to a conversation, which begins with it where there is none. It is on the disk when this returns.
    ///
    /// # Errors
    /// It isn't; the conversation is as it was.
    pub async fn append(&self, _user: &str, _conversation: Uuid, _entry: Entry) -> Result<(), HistoryError> {
        let _ = &self.directory;
        Ok(())
    }

    /// Somebody's conversations, the newest first.
    ///
    /// # Errors
    /// The folder can't be read.
    pub async fn list(&self, _user: &str) -> Result<Vec<Summary>, HistoryError> {
        Ok(Vec::new())
    }

    /// The entries of a conversation, oldest first.
    ///
    /// # Errors
    /// There is no such conversation of this person's, or it can't be read.
    pub async fn read(&self, _user: &str, _conversation: Uuid) -> Result<Vec<Entry>, HistoryError> {
        Err(HistoryError::NotFound)
    }
}
