//! What must happen once, however often it is asked for: a button that is clicked twice, a callback that is sent again.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension};

use super::{Store, StoreError};
use crate::clock;

/// Whether something is done for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once {
    /// It is: do it, and then tell [`Store::answer`] or, where nothing came of it, [`Store::undo`].
    First,
    /// It isn't: this was the answer, if there is one by now.
    Seen(Option<String>),
}

impl Store {
    /// Whether this is done for the first time within `keep`. Of two who ask at the same time one is first. A service that ends before
    /// the answer leaves the key as it is: what was done may have been done.
    ///
    /// # Errors
    /// The database can't be used.
    pub async fn once(&self, key: &str, keep: Duration, now: SystemTime) -> Result<Once, StoreError> {
        let (key, now) = (key.to_owned(), clock::seconds(now));
        let expires = now.saturating_add(keep.as_secs());
        self.ask(move |connection| once(connection, &key, now, expires)).await
    }

    /// What came of it, for those who ask later.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn answer(&self, key: &str, answer: &str) -> Result<(), StoreError> {
        let values = (key.to_owned(), answer.to_owned());
        self.ask(move |connection| connection.execute("UPDATE once SET answer = ?2 WHERE key = ?1", values)).await?;
        Ok(())
    }

    /// Nothing came of it: the next who asks is first again.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn undo(&self, key: &str) -> Result<(), StoreError> {
        let key = key.to_owned();
        self.ask(move |connection| connection.execute("DELETE FROM once WHERE key = ?1", [key])).await?;
        Ok(())
    }
}

fn once(connection: &mut Connection, key: &str, now: u64, expires: u64) -> rusqlite::Result<Once> {
    let transaction = connection.transaction()?;
    transaction.execute("DELETE FROM once WHERE expires <= ?1", [now])?;
    let seen = transaction.query_row("SELECT answer FROM once WHERE key = ?1", [key], |row| row.get(0)).optional()?;
    if let Some(answer) = seen {
        return Ok(Once::Seen(answer));
    }
    transaction.execute("INSERT INTO once (key, expires) VALUES (?1, ?2)", (key, expires))?;
    transaction.commit()?;
    Ok(Once::First)
}
