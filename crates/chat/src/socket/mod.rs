//! The WebSocket on which questions go in and answers come out, piece by piece (RFC 6455).
//!
//! A turn belongs to its conversation, not to the connection that began it: a client that was cut off comes back with `resume` and
//! gets what it missed. Messages are described in [`incoming`] and [`outgoing`].

mod connection;
mod drive;
mod flood;
mod handshake;
mod hub;
pub mod incoming;
mod live;
pub mod outgoing;
mod seats;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Request, StatusCode};

use crate::session::Visitor;
use crate::{AppState, answer, origin};
pub use connection::SESSION_OVER;
pub use hub::{Bounds, Hub};
pub use seats::{Full, Seat, Seats};

/// The room's routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/ws", get(open))
}

/// Opens a socket for somebody who is signed in, from a page of the own origin: browsers let any page try.
async fn open(visitor: Visitor, State(state): State<AppState>, mut request: Request<Body>) -> Response {
    if !origin::is_own(request.headers(), &state.config.public) {
        return answer::error(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "the socket isn't opened by the chat's own page",
        );
    }
    let seat = match state.seats.take(&visitor.user) {
        Ok(seat) => seat,
        Err(full) => {
            tracing::warn!(user = visitor.user, %full, "no socket is opened");
            return full.into_response();
        }
    };
    match handshake::accept(&mut request) {
        Ok((answer, upgrade)) => {
            state.tasks.clone().spawn(async move {
                let _seat = seat;
                // A client that leaves before it was answered needs no words.
                if let Ok(upgraded) = upgrade.await {
                    connection::serve(state, visitor, upgraded).await;
                }
            });
            answer
        }
        Err(refusal) => refusal,
    }
}
