//! Sessions.

use std::time::SystemTime;

use rusqlite::OptionalExtension;

use super::{Store, StoreError};
use crate::clock;
use crate::session::SessionId;

/// How many sessions one person may have at a time; the oldest ends when another begins.
const PER_USER: u32 = 20;

/// A session, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub user: String,
    /// When it ends.
    pub expires: SystemTime,
}

impl Store {
    /// Begins a session. The ones that the browser had until now end with it, and so do all that have expired.
    ///
    /// # Errors
    /// The database can't be written; nothing began, and nothing ended.
    pub async fn begin_session(
        &self,
        id: SessionId,
        session: Session,
        ending: Vec<SessionId>,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let (now, expires) = (clock::seconds(now), clock::seconds(session.expires));
        self.ask(move |connection| {
            let transaction = connection.transaction()?;
            transaction.execute("DELETE FROM sessions WHERE expires <= ?1", [now])?;
            for old in ending {
                transaction.execute("DELETE FROM sessions WHERE id = ?1", [old.as_str()])?;
            }
            transaction.execute(
                "DELETE FROM sessions WHERE id IN
                 (SELECT id FROM sessions WHERE user = ?1 ORDER BY created DESC, id LIMIT -1 OFFSET ?2)",
                (&session.user, PER_USER - 1),
            )?;
            transaction.execute(
                "INSERT INTO sessions (id, user, created, expires) VALUES (?1, ?2, ?3, ?4)",
                (id.as_str(), &session.user, now, expires),
            )?;
            transaction.commit()
        })
        .await
    }

    /// A session that hasn't expired.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn session(&self, id: SessionId, now: SystemTime) -> Result<Option<Session>, StoreError> {
        let now = clock::seconds(now);
        self.ask(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT user, expires FROM sessions WHERE id = ?1 AND expires > ?2")?;
            statement
                .query_row((id.as_str(), now), |row| Ok(Session { user: row.get(0)?, expires: clock::at(row.get(1)?) }))
                .optional()
        })
        .await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn end_session(&self, id: SessionId) -> Result<(), StoreError> {
        self.ask(move |connection| connection.execute("DELETE FROM sessions WHERE id = ?1", [id.as_str()])).await?;
        Ok(())
    }
}
