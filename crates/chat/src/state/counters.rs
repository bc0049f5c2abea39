//! What people asked for lately.

use std::collections::VecDeque;
use std::time::SystemTime;

use rusqlite::Connection;

use super::{Store, StoreError};
use crate::clock;

/// What one person asked for within the time that was asked about, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// When, in seconds since 1970, something was asked for.
    pub requests: VecDeque<u64>,
    /// When tokens were spent, and how many.
    pub spending: VecDeque<(u64, u64)>,
}

impl Counted {
    /// Forgets what is older than `since`, and takes what seems to be in the future (the clock was set back) for now's.
    pub(crate) fn settle(&mut self, since: u64, now: u64) {
        self.requests.drain(..self.requests.partition_point(|at| *at < since));
        self.spending.drain(..self.spending.partition_point(|(at, _)| *at < since));
        self.requests.iter_mut().rev().take_while(|at| **at > now).for_each(|at| *at = now);
        self.spending.iter_mut().rev().take_while(|(at, _)| *at > now).for_each(|(at, _)| *at = now);
    }
}

impl Store {
    /// What somebody asked for since a time. What is older is forgotten, whoever asked for it.
    ///
    /// # Errors
    /// The database can't be used.
    pub async fn counted(&self, user: &str, since: SystemTime) -> Result<Counted, StoreError> {
        let (user, since) = (user.to_owned(), clock::seconds(since));
        self.ask(move |connection| {
            connection.execute("DELETE FROM requests WHERE at < ?1", [since])?;
            connection.execute("DELETE FROM spending WHERE at < ?1", [since])?;
            counted(connection, &user)
        })
        .await
    }

    /// Counts a request. What this person asked for before `since` is forgotten with it, so that no service that runs for long gathers it.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn count_request(&self, user: &str, at: SystemTime, since: SystemTime) -> Result<(), StoreError> {
        let (user, at, since) = (user.to_owned(), clock::seconds(at), clock::seconds(since));
        self.ask(move |connection| {
            unhurried(connection, |connection| {
                let transaction = connection.transaction()?;
                transaction.execute("DELETE FROM requests WHERE user = ?1 AND at < ?2", (&user, since))?;
                transaction.execute("DELETE FROM spending WHERE user = ?1 AND at < ?2", (&user, since))?;
                transaction.execute("INSERT INTO requests (user, at) VALUES (?1, ?2)", (&user, at))?;
                transaction.commit()
            })
        })
        .await
    }

    /// Counts tokens.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn count_tokens(&self, user: &str, tokens: u64, at: SystemTime) -> Result<(), StoreError> {
        let (user, at) = (user.to_owned(), clock::seconds(at));
        // What SQLite can hold; nobody spends as much.
        let tokens = tokens.min(i64::MAX.unsigned_abs());
        let insert = "INSERT INTO spending (user, at, tokens) VALUES (?1, ?2, ?3)";
        self.ask(move |connection| connection.execute(insert, (user, at, tokens))).await?;
        Ok(())
    }
}

fn counted(connection: &Connection, user: &str) -> rusqlite::Result<Counted> {
    let mut requests = connection.prepare_cached("SELECT at FROM requests WHERE user = ?1 ORDER BY at")?;
    let mut spending = connection.prepare_cached("SELECT at, tokens FROM spending WHERE user = ?1 ORDER BY at")?;
    Ok(Counted {
        requests: requests.query_map([user], |row| row.get(0))?.collect::<Result<_, _>>()?,
        spending: spending.query_map([user], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?,
    })
}

/// Without waiting for the disk: what is written is there after a restart of the service, and what a power cut takes away of the last
/// counts is somebody's gain. Sessions and their ends are another matter.
fn unhurried<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let done = work(connection);
    connection.pragma_update(None, "synchronous", "FULL")?;
    done
}
