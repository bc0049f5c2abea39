//! A user's own tokens.

use http::{Response, StatusCode};
use serde_json::{Value, json};
use serve::Body;

use super::Reply;
use super::call::{Call, texts};
use crate::forge::clock::rfc3339;
use crate::forge::tokens::Token;
use crate::forge::users::User;

/// The user whose tokens the path names: the caller, or anybody for an administrator.
fn owner<'a>(call: &'a Call<'_>) -> Result<std::sync::Arc<User>, Response<Body>> {
    let caller: &'a std::sync::Arc<User> = call.user_by_password()?;
    let name = call.path.get(1).copied().unwrap_or_default();
    if caller.name.eq_ignore_ascii_case(name) {
        return Ok(caller.clone());
    }
    if !caller.admin {
        return Err(call.refusal(StatusCode::FORBIDDEN, "doer should be the site admin or be same as the contextUser"));
    }
    call.forge.stores.users.named(name).ok_or_else(|| call.not_found())
}

fn shape(token: &Token, text: &str, time: &str) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "sha1": text,
        "token_last_eight": token.last_eight,
        "scopes": token.scopes,
        "created_at": time,
        "last_used_at": time,
    })
}

pub(super) fn list(call: &Call<'_>) -> Reply {
    let tokens = call.forge.stores.tokens.of(owner(call)?.id);
    let list: Vec<Value> = tokens.iter().map(|token| shape(token, "", &rfc3339(token.created))).collect();
    call.page(&list)
}

pub(super) fn create(call: &Call<'_>) -> Reply {
    let owner = owner(call)?;
    let body = call.body()?;
    let name = call.required(&body, "name", "Name")?;
    let scopes = texts(&body, "scopes");
    if scopes.is_empty() {
        return Err(call.refusal(StatusCode::BAD_REQUEST, "access token must have a scope"));
    }
    let made = call.forge.stores.tokens.create(owner.id, &name, scopes).map_err(|error| call.failed(&error))?;
    match made {
        Some((token, text)) => call.created(&shape(&token, &text, "0001-01-01T00:00:00Z")),
        None => Err(call.refusal(StatusCode::BAD_REQUEST, "access token name has been used already")),
    }
}

pub(super) fn remove(call: &Call<'_>) -> Reply {
    let which = call.path.get(3).copied().unwrap_or_default();
    if call.forge.stores.tokens.remove(owner(call)?.id, which) { call.done() } else { Err(call.not_found()) }
}
