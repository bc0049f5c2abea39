//! Sign-in through the forge: OAuth 2 with an authorization code (RFC 6749, section 4.1) and PKCE (RFC 7636).

mod binding;
mod callback;
mod forge;
mod login;

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::answer::Page;
use crate::config::Config;
use crate::cookies::Setting;
use crate::server::AppState;
use crate::session;

/// Says that somebody signed in a moment ago, so that a browser that loses the session is told rather than sent around.
pub(crate) const DONE_COOKIE: &str = "disinto_chat_signed_in";

/// How long that is worth knowing.
const DONE: Duration = Duration::from_secs(30);

/// How long a sign-in may take, from the login to the callback.
const TIME: Duration = Duration::from_secs(10 * 60);

/// The room's routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/login", get(login::login))
        .route("/oauth/callback", get(callback::callback))
        .route("/logout", post(logout))
}

/// Ends all sessions that the browser names, and not the one at the forge. Only a page of ours can ask for it.
async fn logout(State(state): State<AppState>, headers: HeaderMap) -> Response {
    for id in session::named(&headers) {
        if let Err(error) = state.store.end_session(id).await {
            tracing::error!(%error, "a session can't be ended");
            return again(
                &state.config,
                StatusCode::SERVICE_UNAVAILABLE,
                "You are still signed in: the session can't be ended at the moment.",
            );
        }
    }
    let login = state.config.public.url("/login");
    let page = Page {
        status: StatusCode::OK,
        title: "Signed out",
        words: "You are signed out of the chat. At the forge you may still be signed in.",
        link: Some((&login, "Sign in again")),
        goes: false,
    };
    let mut answer = page.answer();
    add_cookie(&mut answer, session_cookie(&state.config).remove());
    // Who has no session from now on hasn't lost it.
    add_cookie(&mut answer, done_cookie(&state.config).remove());
    answer
}

fn session_cookie(config: &Config) -> Setting<'_> {
    Setting { name: session::COOKIE, path: &config.cookie_path, secure: config.public.is_https() }
}

fn done_cookie(config: &Config) -> Setting<'_> {
    Setting { name: DONE_COOKIE, ..session_cookie(config) }
}

fn add_cookie(answer: &mut Response, cookie: HeaderValue) {
    answer.headers_mut().append(header::SET_COOKIE, cookie);
}

/// Nobody was signed in; why, and the way to try again.
fn again(config: &Config, status: StatusCode, words: &str) -> Response {
    let login = config.public.url("/login");
    Page { status, title: "Not signed in", words, link: Some((&login, "Try again")), goes: false }.answer()
}
