//! Keys that the service makes for itself on its first start.

use ring::hmac;
use rusqlite::{Connection, OptionalExtension};

use super::{Store, StoreError};

/// A key that the service signs with. It can't be printed.
#[derive(Clone)]
pub struct Key(hmac::Key);

impl Key {
    /// The code of a text under the key.
    pub(crate) fn sign(&self, text: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, text)
    }

    /// A key that a test knows.
    #[cfg(test)]
    pub(crate) fn for_test(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Whether a code is the text's, in constant time.
    pub(crate) fn verify(&self, text: &[u8], code: &[u8]) -> bool {
        hmac::verify(&self.0, text, code).is_ok()
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Key(…)")
    }
}

impl Store {
    /// The key of a name, which is made when it is asked for the first time. With it sign-ins under way survive a restart.
    ///
    /// # Errors
    /// The database can't be used, or the system gives no random bytes.
    pub async fn key(&self, name: &'static str) -> Result<Key, StoreError> {
        let mut fresh = [0; 32];
        getrandom::fill(&mut fresh).map_err(|error| StoreError(format!("no random bytes: {error}")))?;
        let bytes = self.ask(move |connection| key(connection, name, &fresh)).await?;
        Ok(Key(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }
}

fn key(connection: &mut Connection, name: &str, fresh: &[u8]) -> rusqlite::Result<Vec<u8>> {
    let transaction = connection.transaction()?;
    let known = transaction.query_row("SELECT value FROM keys WHERE name = ?1", [name], |row| row.get(0)).optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    transaction.execute("INSERT INTO keys (name, value) VALUES (?1, ?2)", (name, fresh))?;
    transaction.commit()?;
    Ok(fresh.to_vec())
}
