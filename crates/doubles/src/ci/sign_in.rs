//! The way to the forge and back (RFC 6749, section 4.1), and out.

use std::time::Duration;

use http::header::SET_COOKIE;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use serve::Body;
use url::form_urlencoded;

use super::model::{Tokens, User};
use super::remote::Remote;
use super::token::{self, Kind};
use super::{State, answer, session};

/// How long somebody may take at the forge.
const STATE_LASTS: Duration = Duration::from_mins(5);
/// A token that expires within this time is renewed before it is used, in seconds.
const RENEW_BEFORE: u64 = 30 * 60;

/// Starts a sign-in, or ends one that the forge sends back. `form` has the query's values and the body's.
pub(super) async fn authorize(state: &State, parts: &Parts, form: &Fields) -> Response<Body> {
    if let Some(error) = form.get("error") {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("error", error);
        for name in ["error_description", "error_uri"] {
            if let Some(value) = form.get(name) {
                query.append_pair(name, value);
            }
        }
        return to_login(state, parts, &query.finish());
    }
    match (form.get("code"), form.get("state")) {
        (Some(code), Some(proof)) => {
            let valid = token::read(proof).is_some_and(|token| {
                token.kind() == Kind::State && token.claim("forge-id") == Some("1") && token.holds(&state.store.secret)
            });
            if !valid {
                state.error("cannot verify state token", "token is invalid");
                return to_login(state, parts, "error=invalid_state");
            }
            come_back(state, parts, code).await
        }
        // Woodpecker looks at the state only where there is one: a code by itself is tried as well.
        (Some(code), None) => come_back(state, parts, code).await,
        (None, _) => match form.get("forge_id") {
            None | Some("1") => to_forge(state, parts),
            Some(other) => {
                state.error("cannot get forge by id", other);
                let error = if other.parse::<i64>().is_ok() { "internal_error" } else { "invalid_state" };
                to_login(state, parts, &format!("error={error}"))
            }
        },
    }
}

/// The values of a query and of a form; empty ones don't count.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The form's come first, as in Go.
    pub(super) fn new(query: Option<&str>, form: &[u8]) -> Self {
        let query = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(form_urlencoded::parse(form).into_owned().chain(query.into_owned()).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())?;
        (!value.is_empty()).then_some(value)
    }
}

fn to_forge(state: &State, parts: &Parts) -> Response<Body> {
    let proof = token::sign(Kind::State, &[("forge-id", "1")], &state.store.secret, Some(STATE_LASTS));
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", &state.settings.forge.client)
        .append_pair("redirect_uri", &redirect_uri(state))
        .append_pair("response_type", "code")
        .append_pair("state", &proof)
        .finish();
    let location = format!("{}?{query}", state.settings.forge.authorize_url());
    answer::redirect(&parts.method, StatusCode::SEE_OTHER, &location)
}

fn redirect_uri(state: &State) -> String {
    format!("{}/authorize", state.settings.host)
}

async fn come_back(state: &State, parts: &Parts, code: &str) -> Response<Body> {
    let remote = state.remote();
    let account = match account(state, &remote, code).await {
        Ok(account) => account,
        Err(error) => {
            state.error("cannot authenticate user", &error);
            return to_login(state, parts, "error=oauth_error");
        }
    };
    let login = account.login.clone();
    let is_known = {
        let data = state.store.lock();
        data.users.values().any(|user| user.remote_id == account.remote_id || user.login == account.login)
    };
    if !is_known && !state.settings.open && !account.admin {
        state.error(&format!("cannot register {login}. registration closed"), "");
        return to_login(state, parts, "error=registration_closed");
    }
    let user = match state.store.lock().sign_in(account) {
        Ok(user) => user,
        Err(error) => {
            state.error(&format!("cannot insert {login}"), &error.to_string());
            return to_login(state, parts, "error=internal_error");
        }
    };
    // What they may do with repositories is read again with every sign-in.
    if let Err(error) = super::api::repositories::refresh(state, &user).await {
        state.error(&format!("cannot update repo permissions for user {login}"), &error.to_string());
        return to_login(state, parts, "error=internal_error");
    }
    let claims = [("user-id", &*user.id.to_string())];
    let session = token::sign(Kind::Session, &claims, &user.hash, Some(state.settings.session_expires));
    let mut answer = to_home(state, parts);
    set_cookie(&mut answer, parts, session::COOKIE, &session);
    answer
}

async fn account(state: &State, remote: &Remote<'_>, code: &str) -> Result<User, String> {
    let tokens = remote
        .exchange(code, &redirect_uri(state))
        .await
        .map_err(|error| format!("oauth2 config exchange failed: {error}"))?;
    let user = remote.user(&tokens.access).await.map_err(|error| format!("fetching user info failed: {error}"))?;
    Ok(User { admin: state.settings.is_admin(&user.login), tokens, ..user })
}

/// Signs out: the cookies are overwritten, the session itself ends by its time.
pub(super) fn sign_out(state: &State, parts: &Parts) -> Response<Body> {
    let mut answer = to_home(state, parts);
    for name in [session::COOKIE, "user_last"] {
        append(&mut answer, &format!("{name}=deleted; Path=/; Max-Age=0"));
    }
    answer
}

fn to_home(state: &State, parts: &Parts) -> Response<Body> {
    answer::redirect(&parts.method, StatusCode::SEE_OTHER, &format!("{}/", state.settings.root_path))
}

fn to_login(state: &State, parts: &Parts, query: &str) -> Response<Body> {
    let location = format!("{}/login?{query}", state.settings.root_path);
    answer::redirect(&parts.method, StatusCode::SEE_OTHER, &location)
}

fn set_cookie(answer: &mut Response<Body>, parts: &Parts, name: &str, value: &str) {
    let secure = if session::is_https(parts) { "; Secure" } else { "" };
    append(answer, &format!("{name}={value}; Path=/; Max-Age=2147483647; HttpOnly{secure}"));
}

fn append(answer: &mut Response<Body>, line: &str) {
    if let Ok(value) = HeaderValue::from_str(line) {
        answer.headers_mut().append(SET_COOKIE, value);
    }
}

/// Somebody's token for the forge, renewed where it would expire soon. One that can't be renewed is used as it is.
pub(super) async fn fresh_token(state: &State, user: &User) -> String {
    // The store may know newer tokens than the caller.
    let tokens = state.store.lock().users.get(&user.id).map_or_else(|| user.tokens.clone(), |it| it.tokens.clone());
    if token::now() < tokens.expires.saturating_sub(RENEW_BEFORE) || tokens.refresh.is_empty() {
        return tokens.access;
    }
    let _one_at_a_time = state.renewing.lock().await;
    let known = state.store.lock().users.get(&user.id).map(|it| it.tokens.clone());
    if let Some(newer) = known.filter(|known| known.access != tokens.access) {
        return newer.access;
    }
    match state.remote().refresh(&tokens.refresh).await {
        Ok(new) => {
            // Who gives no new refresh token lets the old one go on.
            let refresh = if new.refresh.is_empty() { tokens.refresh } else { new.refresh };
            let new = Tokens { refresh, ..new };
            if let Some(user) = state.store.lock().users.get_mut(&user.id) {
                user.tokens = new.clone();
            }
            new.access
        }
        Err(error) => {
            state.error(&format!("refresh oauth token of user '{}' failed", user.login), &error.to_string());
            tokens.access
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_form_comes_before_a_query() {
        let fields = Fields::new(Some("code=a&state=%2Bx&error="), b"code=b");
        assert_eq!((fields.get("code"), fields.get("state"), fields.get("error")), (Some("b"), Some("+x"), None));
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(query in ".{0,60}", form in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Fields::new(Some(&query), &form).get("code");
        }
    }
}
