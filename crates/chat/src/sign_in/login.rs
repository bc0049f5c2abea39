//! `/login`: off to the forge.

use std::time::SystemTime;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier, Scope};

use super::binding::{self, Attempt};
use super::{TIME, add_cookie, again, forge};
use crate::config::Config;
use crate::cookies::{self, Setting};
use crate::server::AppState;
use crate::{answer, session};

/// What the chat asks the forge for: who it is, and nothing else.
const SCOPES: [&str; 2] = ["openid", "profile"];

/// Sends the browser to the forge, with a cookie that ties the way back to it.
pub(super) async fn login(State(state): State<AppState>, headers: HeaderMap) -> Response {
    match begin(&state, &headers).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::error!(%error, "a sign-in can't begin");
            again(&state.config, StatusCode::SERVICE_UNAVAILABLE, "The chat can't sign anybody in at the moment.")
        }
    }
}

async fn begin(state: &AppState, headers: &HeaderMap) -> Result<Response, Box<dyn std::error::Error + Send + Sync>> {
    let key = state.store.key(super::binding::COOKIE).await?;
    // Another tab's sign-in goes on if the browser keeps the binding that it has.
    let known = cookies::values(headers, binding::COOKIE).find(|value| session::is_token(value));
    let binding = known.map_or_else(session::new_token, |known| Ok(known.to_owned()))?;
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| format!("no random bytes: {error}"))?;
    let attempt = Attempt::new(nonce, SystemTime::now());
    let verifier = PkceCodeVerifier::new(attempt.verifier(&key, &binding));
    let token = attempt.state(&key, &binding);
    let (address, _) = forge::client(&state.config)?
        .authorize_url(|| CsrfToken::new(token))
        .add_scopes(SCOPES.map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .url();
    let mut answer = answer::see_other(address.as_str());
    add_cookie(&mut answer, binding_cookie(&state.config).set(&binding, TIME));
    Ok(answer)
}

pub(super) fn binding_cookie(config: &Config) -> Setting<'_> {
    Setting { name: binding::COOKIE, ..super::session_cookie(config) }
}
