//! What must survive a restart: sessions, counters, which of the command's sessions a conversation has, and what was done already.
//!
//! One thread owns the database. Whoever asks sends it a function and waits for what that returns; a statement that is slow (a disk
//! that syncs) never holds up the runtime.

mod counters;
mod keys;
mod migrations;
mod once;
mod sessions;
mod turns;

#[cfg(test)]
mod tests;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

pub use counters::Counted;
pub use keys::Key;
pub use once::Once;
pub use sessions::Session;

/// The database's file in its folder.
const FILE: &str = "chat.sqlite";

/// How many questions may wait. More than that is a flood, and waiting is what slows it down.
const WAITING: usize = 256;

/// The database can't be used. No value that it holds is among the words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the state can't be kept: {0}")]
pub struct StoreError(String);

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

type Task = Box<dyn FnOnce(&mut Connection) + Send>;

/// The database. Clones share it; its file is closed once the last one is gone.
#[derive(Debug, Clone)]
pub struct Store {
    tasks: mpsc::Sender<Task>,
}

impl Store {
    /// Opens the database in a folder, which is made where it isn't there, and brings an older one up to date.
    ///
    /// # Errors
    /// The folder or the file can't be used, or a newer version wrote it.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let failed = |error: std::io::Error| StoreError(format!("{}: {error}", directory.display()));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        let file = directory.join(FILE);
        // SQLite gives the files beside it the same mode. Nobody else on the machine is to read sessions.
        fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&file).map_err(failed)?;
        let mut connection = Connection::open(&file)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        // A write-ahead log is synced at checkpoints alone otherwise, and a session that was handed out must not be forgotten. Of its pages
        // few are needed at a time, and the system keeps the rest: half a megabyte is as fast as the two that are usual.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -512;",
        )?;
        migrations::run(&mut connection)?;
        let (tasks, mut waiting) = mpsc::channel::<Task>(WAITING);
        let work = move || {
            while let Some(task) = waiting.blocking_recv() {
                task(&mut connection);
            }
        };
        thread::Builder::new().name("chat-state".to_owned()).spawn(work).map_err(failed)?;
        Ok(Self { tasks })
    }

    /// Asks the thread that owns the database.
    async fn ask<T, F>(&self, question: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (sender, answer) = oneshot::channel();
        let task: Task = Box::new(move |connection| {
            // Whoever asked may have gone; what was asked is done all the same.
            let _ = sender.send(question(connection));
        });
        let ended = || StoreError("the thread that keeps it has ended".to_owned());
        self.tasks.send(task).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?.map_err(StoreError::from)
    }

    /// Whether the database can be written.
    ///
    /// # Errors
    /// It can't.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.ask(|connection| {
            connection
                .execute("INSERT INTO probe (id, at) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET at = at + 1", ())
        })
        .await?;
        Ok(())
    }
}
