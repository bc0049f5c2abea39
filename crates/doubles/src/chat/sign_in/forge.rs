//! The forge as an OAuth provider: the public address for browsers, the internal one for the exchange.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use ring::digest::{SHA256, digest};
use serde_json::Value;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::chat::State;
use crate::chat::settings::Settings;

/// How long a call may take.
const TIME: Duration = Duration::from_secs(20);

/// Why nobody is signed in. No secret is among the words.
#[derive(Debug)]
pub(super) enum Failure {
    /// It doesn't take the code.
    Code(String),
    /// It doesn't take the application.
    Application(String),
    Unreachable(String),
}

impl Failure {
    pub(super) fn words(&self) -> &str {
        match self {
            Self::Code(words) | Self::Application(words) | Self::Unreachable(words) => words,
        }
    }
}

/// Where a browser is sent, with the challenge of a verifier (RFC 7636, section 4.2: `S256`).
pub(super) fn authorize_url(settings: &Settings, state: &str, verifier: &str) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let query = Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &settings.client)
        .append_pair("state", state)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256")
        .append_pair("redirect_uri", &settings.url("/oauth/callback"))
        .append_pair("scope", "openid profile")
        .finish();
    format!("{}/login/oauth/authorize?{query}", settings.forge_public)
}

/// The user whom a code is for.
pub(super) async fn user(state: &State, code: &str, verifier: &str) -> Result<String, Failure> {
    let settings = &state.settings;
    let form = Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", &settings.url("/oauth/callback"))
        .append_pair("code_verifier", verifier)
        .finish();
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let basic = STANDARD.encode(format!("{}:{}", encoded(&settings.client), encoded(&settings.client_secret)));
    let request = Request::post(format!("{}/login/oauth/access_token", settings.forge))
        .header(AUTHORIZATION, format!("Basic {basic}"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .body(Bytes::from(form));
    let (status, told) = send(state, request).await?;
    if !status.is_success() {
        let word = |name: &str| told[name].as_str().unwrap_or_default();
        let (error, description) = (word("error"), word("error_description"));
        let words = format!("the forge answers {status}: {error} ({description})");
        // Forges say `unauthorized_client` of a used code and of a wrong secret alike.
        let of_application = error == "invalid_client"
            || error == "unauthorized_client" && ["secret", "redirect"].iter().any(|it| description.contains(it));
        return Err(match (error, of_application) {
            ("", _) => Failure::Unreachable(words),
            (_, true) => Failure::Application(words),
            (_, false) => Failure::Code(words),
        });
    }
    let Some(token) = told["access_token"].as_str() else {
        return Err(Failure::Unreachable("the forge's token endpoint sends no token".to_owned()));
    };
    let request = Request::get(format!("{}/login/oauth/userinfo", settings.forge))
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(ACCEPT, "application/json")
        .body(Bytes::new());
    let (status, told) = send(state, request).await?;
    match told["preferred_username"].as_str() {
        Some(user) if status.is_success() && is_name(user) => Ok(user.to_owned()),
        _ => Err(Failure::Unreachable(format!("the forge's user info names nobody ({status})"))),
    }
}

async fn send(state: &State, request: http::Result<Request<Bytes>>) -> Result<(StatusCode, Value), Failure> {
    let request = request.map_err(|error| Failure::Unreachable(error.to_string()))?;
    let answer = state.outbound.send(request, TIME).await.map_err(Failure::Unreachable)?;
    Ok((answer.status(), serde_json::from_slice(answer.body()).unwrap_or_default()))
}

/// Whether a text can be a forge's name for somebody: it becomes a header field.
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && !text.starts_with('.')
}
