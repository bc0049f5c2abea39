//! Personal tokens.

use http::{Response, StatusCode};
use serve::Body;

use crate::ci::model::User;
use crate::ci::token::{self, Kind};
use crate::ci::{State, answer};
use crate::random;

/// A token for programs, as plain text. It lasts until it is reset.
pub(super) fn make_token(user: &User) -> Response<Body> {
    answer::text(StatusCode::OK, token::sign(Kind::User, &[("user-id", &user.id.to_string())], &user.hash, None))
}

/// Makes all of somebody's tokens and sessions worthless, and gives a new token.
pub(super) fn reset_token(state: &State, user: &User) -> Response<Body> {
    let hash = match random::token(32) {
        Ok(hash) => hash,
        Err(error) => {
            state.error("Error creating new token", &error.to_string());
            return answer::bare(StatusCode::INTERNAL_SERVER_ERROR);
        }
    };
    if let Some(known) = state.store.lock().users.get_mut(&user.id) {
        known.hash.clone_from(&hash);
    }
    make_token(&User { hash, ..user.clone() })
}
