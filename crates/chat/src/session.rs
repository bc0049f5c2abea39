//! Who is signed in.

use std::io;
use std::time::SystemTime;

use axum::extract::FromRequestParts;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use http::HeaderMap;
use http::request::Parts;
use ring::digest;

use crate::config::Config;
use crate::cookies;
use crate::gate;
use crate::state::{Store, StoreError};

/// The cookie that holds a session.
pub const COOKIE: &str = "disinto_chat_session";

/// The random bytes of a session's cookie: nobody guesses that many.
const TOKEN_BYTES: usize = 32;

/// A session's name in the database: a digest of the cookie's value, so that who reads the database can't sign in with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionId(String);

impl SessionId {
    /// The session of a cookie's value.
    pub(crate) fn of(token: &str) -> Self {
        Self(BASE64URL.encode(digest::digest(&digest::SHA256, token.as_bytes())))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The value of a new session's cookie.
///
/// # Errors
/// The system gives no random bytes.
pub(crate) fn new_token() -> io::Result<String> {
    let mut random = [0; TOKEN_BYTES];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(format!("no random bytes: {error}")))?;
    Ok(BASE64URL.encode(random))
}

/// Whether a text can be a value of ours. What can't be is not worth a look into the database.
pub(crate) fn is_token(text: &str) -> bool {
    text.len() == BASE64URL.encode([0; TOKEN_BYTES]).len()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The sessions that a browser names, valid or not.
pub(crate) fn named(headers: &HeaderMap) -> Vec<SessionId> {
    cookies::values(headers, COOKIE).filter(|value| is_token(value)).map(SessionId::of).collect()
}

/// Who sends a request, by its cookies alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    /// Nobody who is signed in.
    Nobody,
    /// Somebody who is signed in and may not use the service, or no longer.
    Stranger(String),
    /// Somebody who may.
    Visitor(Visitor),
}

/// Finds out who sends a request. Every cookie of the name is tried: the first may be another path's, or stale.
///
/// # Errors
/// The database can't be read.
pub(crate) async fn identify(
    store: &Store,
    config: &Config,
    headers: &HeaderMap,
    now: SystemTime,
) -> Result<Who, StoreError> {
    let mut who = Who::Nobody;
    for id in named(headers) {
        let Some(session) = store.session(id.clone(), now).await? else { continue };
        if config.allows(&session.user) {
            return Ok(Who::Visitor(Visitor { user: session.user, expires: session.expires, session: id }));
        }
        who = Who::Stranger(session.user);
    }
    Ok(who)
}

/// Somebody who is signed in, and who may use the service.
///
/// Every request behind the gate has passed the [`gate`] before it comes to a handler; as an extractor this is who was admitted. Where
/// nobody was, it refuses with 401, so that a route can't be open by being forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The forge's name for them.
    pub user: String,
    /// When the session ends.
    pub expires: SystemTime,
    /// The session.
    pub session: SessionId,
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(gate::unauthenticated)
    }
}

/// Whether a text can be a forge's user name: it becomes a header field and a folder's name.
pub fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_never_the_same() {
        let (one, other) = (new_token().unwrap(), new_token().unwrap());
        assert!(is_token(&one) && one.len() == 43 && one != other);
        assert_ne!(SessionId::of(&one).as_str(), one);
        for no in ["", "short", &format!("{one}x"), &one.replace(&one[5..6], "+"), &"ü".repeat(21)] {
            assert!(!is_token(no), "{no}");
        }
    }

    #[test]
    fn names() {
        for name in ["smoke", "A-b_c.d", "0"] {
            assert!(is_name(name), "{name}");
        }
        for no in ["", ".", "..", ".hidden", "a/b", "a b", "a\n", "ä", &"x".repeat(65)] {
            assert!(!is_name(no), "{no:?}");
        }
    }
}
