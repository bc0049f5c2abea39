//! Who a request says it is from, outside of a browser's session.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, header};

use super::query::Fields;
use super::users::User;
use super::{State, clock};

/// Who a request is from.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) user: Arc<User>,
    pub(super) by: Proof,
}

/// How it was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    Password,
    /// A token that the user made.
    Token,
    /// A token that an application was given, by the number of the grant.
    Grant(u64),
}

/// Credentials that nobody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrongCredentials;

/// Who the credentials of a request belong to; `None` where it has none.
pub(super) fn identify(forge: &State, parts: &Parts) -> Result<Option<Identity>, WrongCredentials> {
    let query = Fields::of(&parts.uri);
    if let Some(token) = query.get("access_token").or_else(|| query.get("token")) {
        return by_token(forge, token).map(Some).ok_or(WrongCredentials);
    }
    if let Some(token) = bearer(&parts.headers) {
        return by_token(forge, token).map(Some).ok_or(WrongCredentials);
    }
    match basic(&parts.headers) {
        Some((name, password)) => by_password(forge, &name, &password).map(Some).ok_or(WrongCredentials),
        None => Ok(None),
    }
}

/// The user name and the password of the Basic scheme (RFC 7617).
pub(super) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, value) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))
}

/// The token of `Authorization: Bearer` (RFC 6750), or of the forges' own scheme `token`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, value) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let is_token = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token");
    is_token.then(|| value.trim())
}

/// A token may stand in the place of the password, and of the name where the password says nothing.
pub(super) fn by_password(forge: &State, name: &str, password: &str) -> Option<Identity> {
    let token = if matches!(password, "" | "x-oauth-basic") { name } else { password };
    by_token(forge, token).or_else(|| {
        let user = forge.stores.users.check(name, password)?;
        Some(Identity { user, by: Proof::Password })
    })
}

fn by_token(forge: &State, token: &str) -> Option<Identity> {
    let stores = &forge.stores;
    if let Some(owner) = stores.tokens.owner(token) {
        return Some(Identity { user: stores.users.numbered(owner)?, by: Proof::Token });
    }
    let claims = stores.key.verify(token, clock::now())?;
    // Type 0 is an access token; a refresh token opens nothing.
    let grant = (claims.get("tt")? == 0).then(|| claims.get("gnt")?.as_u64()).flatten()?;
    let user = stores.users.numbered(stores.grants.get(grant)?.user)?;
    Some(Identity { user, by: Proof::Grant(grant) })
}
