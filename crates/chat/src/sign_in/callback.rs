//! `/oauth/callback`: back from the forge.

use std::time::SystemTime;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::binding::{self, Attempt};
use super::forge::{self, ForgeError};
use super::login::binding_cookie;
use super::{DONE, TIME, add_cookie, again, done_cookie, session_cookie};
use crate::answer::{self, Page};
use crate::server::AppState;
use crate::session::{self, SessionId};
use crate::state::{Once, Session, StoreError};
use crate::{clock, cookies};

/// The authorization response (RFC 6749, section 4.1.2).
#[derive(Deserialize)]
pub(super) struct Parameters {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

/// Why nobody is signed in by a callback.
#[derive(Debug)]
enum Refusal {
    /// It doesn't belong to a sign-in that this browser began.
    Foreign,
    /// It was used already.
    Used,
    /// The forge's error; `access_denied` is the person's own decision.
    Denied(String),
    /// There is neither a code nor an error.
    Empty,
    Forge(ForgeError),
    /// Somebody who may not use the chat.
    Stranger(String),
    Storage(StoreError),
    /// The service has no random bytes, or ends.
    Own(std::io::Error),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Storage(error)
    }
}

/// Signs somebody in. The order matters: nothing of the callback is believed before its state is.
pub(super) async fn callback(
    State(state): State<AppState>,
    headers: HeaderMap,
    query: Result<Query<Parameters>, QueryRejection>,
) -> Response {
    // A parameter that is there twice is as bad as none (RFC 6749, section 3.1).
    let outcome = match query {
        Ok(Query(parameters)) => to_its_end(state.clone(), headers, parameters).await,
        Err(_) => Err(Refusal::Foreign),
    };
    match outcome {
        Ok(token) => {
            let mut answer = answer::see_other(&state.config.public.url("/"));
            add_cookie(&mut answer, session_cookie(&state.config).set(&token, state.config.session_lifetime));
            add_cookie(&mut answer, done_cookie(&state.config).set("1", DONE));
            add_cookie(&mut answer, binding_cookie(&state.config).remove());
            answer
        }
        Err(refusal) => refuse(&state, refusal),
    }
}

/// Somebody who loses patience and reloads the page mustn't leave a sign-in behind that is neither used nor free.
async fn to_its_end(state: AppState, headers: HeaderMap, parameters: Parameters) -> Result<String, Refusal> {
    let known = state.clone();
    let task = state.tasks.spawn(async move { sign_in(&known, &headers, parameters).await });
    task.await.unwrap_or_else(|error| Err(Refusal::Own(error.into())))
}

async fn sign_in(state: &AppState, headers: &HeaderMap, parameters: Parameters) -> Result<String, Refusal> {
    let now = SystemTime::now();
    let key = state.store.key(binding::COOKIE).await?;
    let text = parameters.state.unwrap_or_default();
    let found = cookies::values(headers, binding::COOKIE)
        .find_map(|binding| Some((Attempt::of(&text, &key, binding, TIME, now)?, binding)));
    let (attempt, binding) = found.ok_or(Refusal::Foreign)?;
    if let Some(error) = parameters.error {
        return Err(Refusal::Denied(error));
    }
    let code = parameters.code.filter(|code| !code.is_empty()).ok_or(Refusal::Empty)?;
    if state.store.once(&attempt.name(), TIME, now).await? != Once::First {
        return Err(Refusal::Used);
    }
    let verifier = attempt.verifier(&key, binding);
    let user = match forge::who(&state.config, &state.client, code, verifier).await {
        Ok(user) => user,
        Err(error) => {
            if matches!(error, ForgeError::Unreachable(_)) {
                // The code may still be good: whoever reloads the page may get in once the forge is back.
                state.store.undo(&attempt.name()).await?;
            }
            return Err(Refusal::Forge(error));
        }
    };
    if !state.config.allows(&user) {
        return Err(Refusal::Stranger(user));
    }
    begin(state, headers, user, now).await
}

/// Begins a session under a name that nobody knew before, and ends those that the browser had.
async fn begin(state: &AppState, headers: &HeaderMap, user: String, now: SystemTime) -> Result<String, Refusal> {
    let token = session::new_token().map_err(Refusal::Own)?;
    let expires = clock::at(clock::seconds(now).saturating_add(state.config.session_lifetime.as_secs()));
    tracing::info!(user, "signed in");
    let session = Session { user, expires };
    state.store.begin_session(SessionId::of(&token), session, session::named(headers), now).await?;
    Ok(token)
}

fn refuse(state: &AppState, refusal: Refusal) -> Response {
    let (status, words) = match refusal {
        Refusal::Foreign => (
            StatusCode::BAD_REQUEST,
            "This answer from the forge doesn't belong to a sign-in that began in this browser within the last ten minutes.",
        ),
        Refusal::Used => {
            (StatusCode::BAD_REQUEST, "This answer from the forge was used before. It is good for one sign-in.")
        }
        Refusal::Denied(error) if error == "access_denied" => {
            (StatusCode::BAD_REQUEST, "You didn't allow the chat to know who you are at the forge.")
        }
        Refusal::Denied(error) => {
            tracing::warn!(error, "the forge answers a sign-in with an error");
            (StatusCode::BAD_GATEWAY, "The forge answered with an error. Whoever runs the chat finds it in the log.")
        }
        Refusal::Empty => (StatusCode::BAD_REQUEST, "The forge's answer holds no code."),
        Refusal::Forge(error) => {
            tracing::error!(%error, "nobody is signed in");
            match error {
                ForgeError::Code(_) => (
                    StatusCode::BAD_REQUEST,
                    "The forge doesn't take its code back: it was used before, or it is too old.",
                ),
                ForgeError::Application(_) => (
                    StatusCode::BAD_GATEWAY,
                    "The forge doesn't accept the chat: its OAuth application and the chat's settings differ. Whoever runs the chat has to mend that.",
                ),
                ForgeError::Unreachable(_) => {
                    (StatusCode::BAD_GATEWAY, "The forge doesn't answer. Reload this page in a moment, or try again.")
                }
            }
        }
        Refusal::Stranger(user) => {
            tracing::warn!(user, "signed in at the forge, and not allowed to use the chat");
            return stranger(&user);
        }
        Refusal::Storage(error) => {
            tracing::error!(%error, "sessions can't be kept");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "Sessions can't be kept at the moment. Reload this page in a moment, or try again.",
            )
        }
        Refusal::Own(error) => {
            tracing::error!(%error, "no session can begin");
            (StatusCode::SERVICE_UNAVAILABLE, "No session can begin at the moment.")
        }
    };
    again(&state.config, status, words)
}

fn stranger(user: &str) -> Response {
    let words = format!("You are {user} at the forge, and {user} is not among those who may use this chat.");
    Page { status: StatusCode::FORBIDDEN, title: "Not allowed", words: &words, link: None, goes: false }.answer()
}
