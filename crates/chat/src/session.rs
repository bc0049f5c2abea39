//! Who is signed in.

use std::time::SystemTime;

/// The cookie that holds a session.
pub const COOKIE: &str = "disinto_chat_session";

/// A session's name in the database: a digest of the cookie's value, so that who reads the database can't sign in with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionId(pub(crate) String);

/// Somebody who is signed in and allowed in. As an extractor it refuses with 401 (no session) or 403 (not allowed) by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The forge's name for them.
    pub user: String,
    /// When the session ends.
    pub expires: SystemTime,
    /// The session.
    pub session: SessionId,
}

/// Whether a text can be a forge's user name: it becomes a header field and a folder's name.
pub fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('.')
}

impl<S: Sync> axum::extract::FromRequestParts<S> for Visitor {
    type Rejection = http::StatusCode;

    async fn from_request_parts(parts: &mut http::request::Parts, _: &S) -> Result<Self, Self::Rejection> {
        // The gate has put it there, or has answered itself.
        parts.extensions.get::<Self>().cloned().ok_or(http::StatusCode::UNAUTHORIZED)
    }
}
