//! Who gets in.

use http::header::ORIGIN;
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use serve::Body;

use super::defect::Defect;
use super::place::Place;
use super::refusal::Asked;
use super::sessions::is_token;
use super::{State, answer, clock, cookies};

/// The field in which the edge says who is signed in.
pub(super) const USER: &str = "x-forwarded-user";

/// Somebody who is signed in and may use the service.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    pub(super) user: String,
    /// When the session ends, in seconds since 1970.
    pub(super) expires: u64,
    /// The session's cookie; empty for somebody who has none.
    pub(super) token: String,
}

/// Who sends a request.
#[derive(Debug)]
pub(super) enum Who {
    Nobody,
    /// Signed in, and not on the list.
    Stranger(String),
    Visitor(Visitor),
}

/// Who sends a request, by its cookies.
pub(super) fn who(state: &State, headers: &HeaderMap) -> Who {
    let mut found = Who::Nobody;
    let most = if state.has(Defect::CookieFirstOnly) { 1 } else { usize::MAX };
    for token in cookies::values(headers, cookies::SESSION).take(most).filter(|token| is_token(token)) {
        let Some(session) = session(state, token) else { continue };
        if state.allows(&session.user) {
            return Who::Visitor(Visitor { user: session.user, expires: session.expires, token: token.to_owned() });
        }
        found = Who::Stranger(session.user);
    }
    found
}

/// A session that is good.
pub(super) fn session(state: &State, token: &str) -> Option<super::sessions::Session> {
    let session = state.sessions.get(token)?;
    (session.expires > clock::now() || state.has(Defect::SessionsNeverExpire)).then_some(session)
}

/// Lets a request in, with who sends it where that matters; or answers it.
pub(super) fn admit(state: &State, place: Place<'_>, parts: &Parts) -> Result<Option<Visitor>, Response<Body>> {
    if place.is_open() {
        return Ok(None);
    }
    let named: Vec<&[u8]> = parts.headers.get_all(USER).iter().map(http::HeaderValue::as_bytes).collect();
    let visitor = match believed(state, &named).map_or_else(|| who(state, &parts.headers), Who::Visitor) {
        Who::Visitor(visitor) => {
            // What is believed needs no other proof, and who isn't named has only the session.
            if !state.has(Defect::ForwardedUserTrusted) && named != [visitor.user.as_bytes()] {
                return Err(answer::error(
                    StatusCode::FORBIDDEN,
                    "identity_not_copied",
                    "the edge doesn't say that it is you: its gate must copy X-Forwarded-User (copy_headers) onto the request",
                ));
            }
            visitor
        }
        Who::Stranger(user) => return Err(stranger(&user)),
        Who::Nobody => return Err(Asked::directly(parts).refuse(state, &parts.headers)),
    };
    if !parts.method.is_safe() && !state.has(Defect::ActionsOriginUnchecked) && !is_own(state, &parts.headers) {
        return Err(foreign_origin());
    }
    Ok(Some(visitor))
}

/// Somebody who is known by the edge's word alone.
fn believed(state: &State, named: &[&[u8]]) -> Option<Visitor> {
    if !state.has(Defect::ForwardedUserTrusted) {
        return None;
    }
    let user = named.first().and_then(|user| std::str::from_utf8(user).ok()).filter(|user| state.allows(user))?;
    let expires = clock::now().saturating_add(state.settings.session.as_secs());
    Some(Visitor { user: user.to_owned(), expires, token: String::new() })
}

/// Whether a request comes from a page of the own origin: browsers say so with each that changes something, and with each handshake.
pub(super) fn is_own(state: &State, headers: &HeaderMap) -> bool {
    let origins: Vec<&[u8]> = headers.get_all(ORIGIN).iter().map(http::HeaderValue::as_bytes).collect();
    origins == [state.settings.origin.as_bytes()]
}

pub(super) fn foreign_origin() -> Response<Body> {
    answer::error(StatusCode::FORBIDDEN, "foreign_origin", "this request is not from a page of the chat's own")
}

pub(super) fn stranger(user: &str) -> Response<Body> {
    let message = format!("{user} is signed in, and is not among those who may use this chat");
    answer::error(StatusCode::FORBIDDEN, "not_allowed", &message)
}
