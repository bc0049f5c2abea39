//! What was said: a file of JSON lines for each conversation, in a folder for each person.
//!
//! An entry is on the disk before anybody is told that it is kept. What a crash left unfinished at a file's end is put aside before the
//! next entry, so that one torn line never spoils another.

mod entry;
mod export;
mod file;
mod routes;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::hash_map::DefaultHasher;
use std::fs::{self, DirBuilder};
use std::hash::{Hash, Hasher};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

pub use entry::{Entry, Outcome, Role};
pub use routes::routes;

use crate::session;

/// The end of a conversation's file name.
const SUFFIX: &str = "ndjson";

/// The most that a conversation may hold, in bytes. It is read into memory.
const LONGEST: u64 = 16 * 1024 * 1024;

/// How many conversations a list shows.
const LISTED: usize = 1000;

/// How many writers there may be at once; those of one conversation always come one after the other.
const LOCKS: usize = 64;

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
    Io(#[source] io::Error),
}

impl From<io::Error> for HistoryError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound { Self::NotFound } else { Self::Io(error) }
    }
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
    locks: Arc<[Mutex<()>]>,
}

impl History {
    /// The history in a folder, which is made where it isn't there.
    ///
    /// # Errors
    /// The folder can't be made.
    pub fn open(directory: PathBuf) -> io::Result<Self> {
        make(&directory)?;
        Ok(Self { directory, locks: std::iter::repeat_with(Mutex::default).take(LOCKS).collect() })
    }

    /// Adds an entry to a conversation, which begins with it where there is none. It is on the disk when this returns.
    ///
    /// # Errors
    /// It isn't; the conversation is as it was.
    pub async fn append(&self, user: &str, conversation: Uuid, entry: Entry) -> Result<(), HistoryError> {
        let (history, folder) = (self.clone(), self.folder(user)?);
        blocking(move || {
            make(&folder)?;
            let path = path(&folder, conversation);
            let _lock = history.lock(&path).lock().unwrap_or_else(PoisonError::into_inner);
            file::append(&path, &entry)
        })
        .await
    }

    /// Somebody's conversations, the last changed first: the first thousand of them.
    ///
    /// # Errors
    /// The folder can't be read.
    pub async fn list(&self, user: &str) -> Result<Vec<Summary>, HistoryError> {
        let folder = self.folder(user)?;
        blocking(move || {
            let conversations = conversations(&folder)?;
            // What holds no entry (yet) is no conversation.
            let summaries = conversations.into_iter().filter_map(|id| file::summarise(&path(&folder, id), id).ok());
            Ok(summaries.take(LISTED).collect())
        })
        .await
    }

    /// All of somebody's conversations, the last changed first.
    ///
    /// # Errors
    /// The folder can't be read.
    pub async fn all(&self, user: &str) -> Result<Vec<Uuid>, HistoryError> {
        let folder = self.folder(user)?;
        blocking(move || conversations(&folder)).await
    }

    /// The entries of a conversation, oldest first.
    ///
    /// # Errors
    /// There is no such conversation of this person's, or it can't be read.
    pub async fn read(&self, user: &str, conversation: Uuid) -> Result<Vec<Entry>, HistoryError> {
        let path = path(&self.folder(user)?, conversation);
        blocking(move || file::read(&path)).await
    }

    /// Whether the disk takes anything.
    ///
    /// # Errors
    /// It doesn't.
    pub async fn check(&self) -> Result<(), HistoryError> {
        let path = self.directory.join(".probe");
        blocking(move || {
            fs::write(&path, "probe\n").map_err(HistoryError::Io)?;
            match fs::remove_file(&path) {
                // Somebody else who asked has removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed.map_err(HistoryError::Io),
            }
        })
        .await
    }

    /// Where somebody's conversations are. Forges tell no two names apart that differ by case alone.
    fn folder(&self, user: &str) -> Result<PathBuf, HistoryError> {
        if session::is_name(user) {
            Ok(self.directory.join(user.to_ascii_lowercase()))
        } else {
            Err(HistoryError::NotFound)
        }
    }

    fn lock(&self, path: &Path) -> &Mutex<()> {
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or_default();
        &self.locks[index]
    }
}

fn path(folder: &Path, conversation: Uuid) -> PathBuf {
    folder.join(format!("{conversation}.{SUFFIX}"))
}

/// The conversations in a folder, the last changed first; somebody who never said anything has none.
fn conversations(folder: &Path) -> Result<Vec<Uuid>, HistoryError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(HistoryError::Io(error)),
    };
    let found = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let path = entry.path();
        let id: Uuid = path.file_stem()?.to_str()?.parse().ok()?;
        let changed = entry.metadata().and_then(|metadata| metadata.modified()).ok()?;
        (path.extension()? == SUFFIX).then_some((Reverse(changed), id))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

/// Makes a folder that nobody else on the machine can read.
fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Runs what waits for a disk beside the runtime.
async fn blocking<T, F>(work: F) -> Result<T, HistoryError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, HistoryError> + Send + 'static,
{
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome
        .unwrap_or_else(|error| Err(HistoryError::Io(io::Error::other(format!("the work ended unfinished: {error}")))))
}
