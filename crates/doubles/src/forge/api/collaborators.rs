//! Who may do what with a repository, besides its owner.

use std::sync::Arc;

use http::{Response, StatusCode};
use serde_json::{Value, json};
use serve::Body;

use super::Reply;
use super::call::{Call, Found, text};
use crate::forge::records::Access;
use crate::forge::users::User;

fn user(call: &Call<'_>, missing: StatusCode) -> Result<Arc<User>, Response<Body>> {
    let name = call.path.get(4).copied().unwrap_or_default();
    let found = call.forge.stores.users.named(name);
    found.ok_or_else(|| call.refusal(missing, &format!("user does not exist [uid: 0, name: {name}]")))
}

fn administered(call: &Call<'_>) -> Result<Found, Response<Body>> {
    call.repository(Access::Admin, "user should be an owner or a collaborator with admin write of a repository")
}

pub(super) fn list(call: &Call<'_>) -> Reply {
    call.user()?;
    let found = call.readable()?;
    let collaborators = call.forge.stores.records.get(found.facts.id).collaborators;
    let users = collaborators.keys().filter_map(|id| call.forge.stores.users.numbered(*id));
    let list: Vec<Value> = users.map(|user| call.shape(&user)).collect();
    call.page(&list)
}

/// Whether somebody is one; the owner isn't.
pub(super) fn get(call: &Call<'_>) -> Reply {
    call.user()?;
    let found = call.readable()?;
    let user = user(call, StatusCode::UNPROCESSABLE_ENTITY)?;
    let is_one = call.forge.stores.records.get(found.facts.id).collaborators.contains_key(&user.id);
    if is_one { call.done() } else { Err(call.not_found()) }
}

pub(super) fn put(call: &Call<'_>) -> Reply {
    let found = administered(call)?;
    let user = user(call, StatusCode::UNPROCESSABLE_ENTITY)?;
    let body = call.body()?;
    let access = match text(&body, "permission") {
        Some("admin") => Access::Admin,
        Some("read") => Access::Read,
        _ => Access::Write,
    };
    call.forge.stores.records.with(found.facts.id, |record| record.collaborators.insert(user.id, access));
    call.done()
}

pub(super) fn remove(call: &Call<'_>) -> Reply {
    let found = administered(call)?;
    let user = user(call, StatusCode::UNPROCESSABLE_ENTITY)?;
    call.forge.stores.records.with(found.facts.id, |record| record.collaborators.remove(&user.id));
    call.done()
}

pub(super) fn permission(call: &Call<'_>) -> Reply {
    let caller = call.user()?;
    let found = call.readable()?;
    let user = user(call, StatusCode::NOT_FOUND)?;
    if caller.id != user.id && found.access < Access::Admin {
        return Err(call.refusal(StatusCode::FORBIDDEN, "Only admins can query all permissions, repo admins can query all repo permissions, collaborators can query only their own"));
    }
    let access = super::access(call.forge, &found.facts, Some(&user)).as_str();
    call.reply(&json!({ "permission": access, "role_name": access, "user": call.shape(&user) }))
}
