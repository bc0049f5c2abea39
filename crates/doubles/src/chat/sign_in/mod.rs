//! Sign-in through the forge (RFC 6749, section 4.1, with PKCE), and out.

mod attempts;
mod forge;

use std::collections::BTreeMap;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use serve::Body;
use url::form_urlencoded;

pub(super) use attempts::Attempts;

use super::defect::Defect;
use super::sessions::{Session, is_token};
use super::{State, answer, clock, cookies};
use crate::random;
use forge::Failure;

/// How long a sign-in may take.
const TIME: Duration = Duration::from_mins(10);
/// How long it is worth knowing that somebody signed in.
const DONE: Duration = Duration::from_secs(30);
/// The random bytes of a session's name, and of a binding.
const TOKEN: usize = 32;

/// `/login`: off to the forge.
pub(super) fn login(state: &State, headers: &HeaderMap) -> Response<Body> {
    // Another tab's sign-in goes on where the browser keeps the binding that it has.
    let known = cookies::values(headers, cookies::BINDING).find(|value| is_token(value)).map(ToOwned::to_owned);
    let begun = known.map_or_else(|| random::token(TOKEN), Ok).and_then(|binding| {
        let (name, attempt) = state.attempts.begin(&binding, clock::now())?;
        Ok((name, attempt, binding))
    });
    match begun {
        Ok((name, verifier, binding)) => {
            let mut answer = answer::see_other(&forge::authorize_url(&state.settings, &name, &verifier));
            cookies::set(state, &mut answer, cookies::BINDING, &binding, TIME);
            answer
        }
        Err(error) => {
            state.log.line(format!("a sign-in can't begin: {error}"));
            again(state, StatusCode::SERVICE_UNAVAILABLE, "The chat can't sign anybody in at the moment.")
        }
    }
}

/// `/oauth/callback`: back from the forge.
pub(super) async fn callback(state: &State, parts: &Parts) -> Response<Body> {
    let foreign = || {
        let words = "This answer from the forge doesn't belong to a sign-in that began in this browser within the last ten minutes.";
        again(state, StatusCode::BAD_REQUEST, words)
    };
    let mut fields = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
        // A parameter that is there twice is as bad as none (RFC 6749, section 3.1).
        if fields.insert(name.into_owned(), value.into_owned()).is_some() {
            return foreign();
        }
    }
    let field = |name: &str| fields.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let bindings: Vec<&str> = cookies::values(&parts.headers, cookies::BINDING).collect();
    let now = clock::now();
    let found = if state.has(Defect::StateUnchecked) {
        state.attempts.last_of(&bindings, now)
    } else {
        field("state").and_then(|name| Some((name.to_owned(), state.attempts.find(name, now)?)))
    };
    let Some((name, attempt)) = found else { return foreign() };
    let is_bound = bindings.contains(&attempt.binding.as_str());
    if !is_bound && !state.has(Defect::StateUnbound) {
        return foreign();
    }
    if let Some(error) = field("error") {
        return match error {
            "access_denied" => {
                again(state, StatusCode::BAD_REQUEST, "You didn't allow the chat to know who you are at the forge.")
            }
            _ => again(state, StatusCode::BAD_GATEWAY, "The forge answered with an error."),
        };
    }
    let Some(code) = field("code") else {
        return again(state, StatusCode::BAD_REQUEST, "The forge's answer holds no code.");
    };
    state.attempts.end(&name);
    match forge::user(state, code, &attempt.verifier).await {
        Ok(user) if state.allows(&user) => begin(state, &parts.headers, user),
        Ok(user) => {
            let words = format!("You are {user} at the forge, and {user} is not among those who may use this chat.");
            answer::page(StatusCode::FORBIDDEN, "Not allowed", &words, None, false)
        }
        Err(failure) => {
            state.log.line(format!("nobody is signed in: {}", failure.words()));
            match failure {
                Failure::Code(_) => again(
                    state,
                    StatusCode::BAD_REQUEST,
                    "The forge doesn't take its code back: it was used before, or it is too old.",
                ),
                Failure::Application(_) => again(
                    state,
                    StatusCode::BAD_GATEWAY,
                    "The forge doesn't accept the chat: its OAuth application and the chat's settings differ.",
                ),
                Failure::Unreachable(_) => {
                    // The code may still be good.
                    state.attempts.put_back(&name, attempt);
                    again(
                        state,
                        StatusCode::BAD_GATEWAY,
                        "The forge doesn't answer. Reload this page in a moment, or try again.",
                    )
                }
            }
        }
    }
}

/// Begins a session under a new name, and ends those that the browser had.
fn begin(state: &State, headers: &HeaderMap, user: String) -> Response<Body> {
    let had: Vec<&str> = cookies::values(headers, cookies::SESSION).filter(|value| is_token(value)).collect();
    let kept = had.first().filter(|_| state.has(Defect::SessionNotRotated));
    let token = match kept.map_or_else(|| random::token(TOKEN), |token| Ok((*token).to_owned())) {
        Ok(token) => token,
        Err(error) => return answer::error(StatusCode::SERVICE_UNAVAILABLE, "internal", &error.to_string()),
    };
    for old in had {
        state.sessions.end(old);
    }
    state.log.line(format!("signed in: {user}"));
    let expires = clock::now().saturating_add(state.settings.session.as_secs());
    state.sessions.begin(&token, Session { user, expires });
    let mut answer = answer::see_other(&state.settings.url("/"));
    cookies::set(state, &mut answer, cookies::SESSION, &token, state.settings.session);
    cookies::set(state, &mut answer, cookies::DONE, "1", DONE);
    cookies::remove(state, &mut answer, cookies::BINDING);
    answer
}

/// `/logout`: ends the sessions that the browser has, not the one at the forge.
pub(super) fn logout(state: &State, headers: &HeaderMap) -> Response<Body> {
    if !state.has(Defect::LogoutKeepsSession) {
        for token in cookies::values(headers, cookies::SESSION) {
            state.sessions.end(token);
        }
    }
    let login = state.settings.url("/login");
    let words = "You are signed out of the chat. At the forge you may still be signed in.";
    let mut answer = answer::page(StatusCode::OK, "Signed out", words, Some((&login, "Sign in again")), false);
    cookies::remove(state, &mut answer, cookies::SESSION);
    cookies::remove(state, &mut answer, cookies::DONE);
    answer
}

/// Nobody was signed in: why, and the way to try again.
fn again(state: &State, status: StatusCode, words: &str) -> Response<Body> {
    let login = state.settings.url("/login");
    answer::page(status, "Not signed in", words, Some((&login, "Try again")), false)
}
