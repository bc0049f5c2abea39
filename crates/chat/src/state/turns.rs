//! Which of the command's own sessions goes on with a conversation.

use rusqlite::OptionalExtension;
use uuid::Uuid;

use super::{Store, StoreError};

impl Store {
    /// The command's session of somebody's conversation, for `--resume`.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn conversation_session(&self, user: &str, conversation: Uuid) -> Result<Option<Uuid>, StoreError> {
        let user = user.to_owned();
        let found: Option<[u8; 16]> = self
            .ask(move |connection| {
                connection
                    .prepare_cached("SELECT session FROM turns WHERE user = ?1 AND conversation = ?2")?
                    .query_row((user, conversation.into_bytes()), |row| row.get(0))
                    .optional()
            })
            .await?;
        Ok(found.map(Uuid::from_bytes))
    }

    /// Remembers it in place of what was remembered before.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn remember(&self, user: &str, conversation: Uuid, session: Uuid) -> Result<(), StoreError> {
        let user = user.to_owned();
        let statement = "INSERT INTO turns (user, conversation, session) VALUES (?1, ?2, ?3)
                         ON CONFLICT (user, conversation) DO UPDATE SET session = excluded.session";
        let values = (user, conversation.into_bytes(), session.into_bytes());
        self.ask(move |connection| connection.execute(statement, values)).await?;
        Ok(())
    }

    /// Forgets it: the command no longer knows that session.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn forget(&self, user: &str, conversation: Uuid) -> Result<(), StoreError> {
        let values = (user.to_owned(), conversation.into_bytes());
        let statement = "DELETE FROM turns WHERE user = ?1 AND conversation = ?2";
        self.ask(move |connection| connection.execute(statement, values)).await?;
        Ok(())
    }
}
