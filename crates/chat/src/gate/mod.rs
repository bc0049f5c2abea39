//! Who gets in: the edge's question before each request (`forward_auth`), and the same question again when the request itself comes.
//!
//! Without a session every gated path is 401, whatever the method and whether or not it exists. 403 is for somebody who is signed in
//! and may not, for a wrong secret, and for a foreign page.

mod refusal;
mod verify;

use std::time::SystemTime;

use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use crate::mount::Place;
use crate::server::AppState;
use crate::session::{self, Visitor, Who};
use crate::{answer, origin};

pub(crate) use refusal::{Asked, unauthenticated};
pub(crate) use verify::verify;

/// The field in which the edge names who is signed in.
pub const USER_FIELD: &str = "x-forwarded-user";

/// The field in which the edge shows that it is the edge.
pub const SECRET_FIELD: &str = "x-forward-auth-secret";

/// Lets a request in, or answers it. Who was let in is among the request's extensions from then on.
///
/// The session is what counts. The field that the edge adds is not a way in: it can only contradict the session.
pub(crate) async fn admit(state: &AppState, place: Place<'_>, parts: &mut Parts) -> Result<(), Response> {
    if place.is_open() {
        return Ok(());
    }
    let visitor = match who(state, &parts.headers).await? {
        Who::Visitor(visitor) => visitor,
        Who::Stranger(user) => return Err(stranger(&user)),
        Who::Nobody => return Err(Asked::directly(parts).refuse(&state.config, &parts.headers)),
    };
    if !is_vouched_for(&parts.headers, &visitor) {
        return Err(answer::error(
            StatusCode::FORBIDDEN,
            "identity_not_copied",
            "the edge doesn't say that it is you: its gate must copy X-Forwarded-User (copy_headers) onto the request",
        ));
    }
    if !parts.method.is_safe() && !origin::is_own(&parts.headers, &state.config.public) {
        return Err(answer::error(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "this request is not from a page of the chat's own",
        ));
    }
    parts.extensions.insert(visitor);
    Ok(())
}

/// Who asks, as far as the database can tell.
async fn who(state: &AppState, headers: &HeaderMap) -> Result<Who, Response> {
    session::identify(&state.store, &state.config, headers, SystemTime::now()).await.map_err(|error| {
        tracing::error!(%error, "sessions can't be read");
        answer::error(
            StatusCode::SERVICE_UNAVAILABLE,
            "storage",
            "sessions can't be read at the moment; try again soon",
        )
    })
}

fn stranger(user: &str) -> Response {
    let message = format!("{user} is signed in, and is not among those who may use this chat");
    answer::error(StatusCode::FORBIDDEN, "not_allowed", &message)
}

/// Whether the edge names the same person as the session: once, and exactly.
fn is_vouched_for(headers: &HeaderMap, visitor: &Visitor) -> bool {
    let mut named = headers.get_all(USER_FIELD).iter();
    named.next().is_some_and(|user| user.as_bytes() == visitor.user.as_bytes()) && named.next().is_none()
}
