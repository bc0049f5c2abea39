//! The tables, version by version.

use rusqlite::Connection;

use super::StoreError;

/// Each version's statements. What stands here was run on somebody's disk: new versions are added, old ones never changed.
const VERSIONS: &[&str] = &["
    CREATE TABLE keys (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
    CREATE TABLE probe (id INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
    CREATE TABLE sessions (
        id TEXT PRIMARY KEY, user TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sessions_by_expiry ON sessions (expires);
    CREATE TABLE requests (id INTEGER PRIMARY KEY, user TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
    CREATE INDEX requests_by_user ON requests (user, at);
    CREATE TABLE spending (id INTEGER PRIMARY KEY, user TEXT NOT NULL, at INTEGER NOT NULL, tokens INTEGER NOT NULL) STRICT;
    CREATE INDEX spending_by_user ON spending (user, at);
    CREATE TABLE turns (
        user TEXT NOT NULL, conversation BLOB NOT NULL, session BLOB NOT NULL, PRIMARY KEY (user, conversation)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE once (key TEXT PRIMARY KEY, expires INTEGER NOT NULL, answer TEXT) STRICT, WITHOUT ROWID;
    CREATE INDEX once_by_expiry ON once (expires);
"];

/// Brings a database up to date, in one go or not at all.
pub(super) fn run(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    let version: usize = transaction.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    let Some(missing) = VERSIONS.get(version..) else {
        let known = VERSIONS.len();
        return Err(StoreError(format!(
            "it was written by a newer version (it has tables {version}, this one knows {known})"
        )));
    };
    for statements in missing {
        transaction.execute_batch(statements)?;
    }
    transaction.pragma_update(None, "user_version", VERSIONS.len())?;
    Ok(transaction.commit()?)
}
