//! What a forge keeps while its settings change.

use std::io;

use super::oauth::{Applications, Grants, SigningKey};
use super::records::Records;
use super::repositories::Repositories;
use super::sessions::Sessions;
use super::tokens::Tokens;
use super::users::Users;
use crate::random;

/// What a forge keeps while its settings change, in memory.
#[derive(Debug)]
pub(super) struct Stores {
    pub(super) users: Users,
    pub(super) sessions: Sessions,
    pub(super) tokens: Tokens,
    pub(super) applications: Applications,
    pub(super) grants: Grants,
    pub(super) key: SigningKey,
    pub(super) repositories: Repositories,
    pub(super) records: Records,
    /// The token of the internal API where the settings have none.
    pub(super) internal_token: String,
}

impl Stores {
    /// # Errors
    /// The operating system has no random bytes to give.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            users: Users::default(),
            sessions: Sessions::default(),
            tokens: Tokens::default(),
            applications: Applications::default(),
            grants: Grants::default(),
            key: SigningKey::new()?,
            repositories: Repositories::default(),
            records: Records::default(),
            internal_token: random::token(32)?,
        })
    }
}
