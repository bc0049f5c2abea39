//! A user's OAuth applications.

use http::{Response, StatusCode};
use serde_json::{Value, json};
use serve::Body;

use super::Reply;
use super::call::{Call, flag, texts};
use crate::forge::clock::rfc3339;
use crate::forge::oauth::{Application, Wanted};

fn shape(application: &Application, secret: &str) -> Value {
    json!({
        "id": application.id,
        "name": application.name,
        "client_id": application.client_id,
        "client_secret": secret,
        "confidential_client": application.confidential,
        "skip_secondary_authorization": false,
        "redirect_uris": application.redirect_uris,
        "created": rfc3339(application.created),
    })
}

fn wanted(call: &Call<'_>) -> Result<Wanted, Response<Body>> {
    let body = call.body()?;
    let name = call.required(&body, "name", "Name")?;
    if name.chars().count() > 255 {
        return Err(call.refusal(StatusCode::UNPROCESSABLE_ENTITY, "[Name]: MaxSize"));
    }
    // The list has to be there; it may be empty.
    let redirect_uris = texts(&body, "redirect_uris");
    if !body.get("redirect_uris").is_some_and(Value::is_array) {
        return Err(call.refusal(StatusCode::UNPROCESSABLE_ENTITY, "[RedirectURIs]: Required"));
    }
    Ok(Wanted { name, redirect_uris, confidential: flag(&body, "confidential_client").unwrap_or_default() })
}

pub(super) fn list(call: &Call<'_>) -> Reply {
    let applications = call.forge.stores.applications.of(call.user()?.id);
    let list: Vec<Value> = applications.iter().map(|application| shape(application, "")).collect();
    call.page(&list)
}

pub(super) fn create(call: &Call<'_>) -> Reply {
    let owner = call.user()?.id;
    let made = call.forge.stores.applications.create(owner, wanted(call)?);
    let (application, secret) = made.map_err(|error| call.failed(&error))?;
    call.created(&shape(&application, &secret))
}

pub(super) fn get(call: &Call<'_>) -> Reply {
    let (owner, id) = (call.user()?.id, call.number(3)?);
    let found = call.forge.stores.applications.of(owner).into_iter().find(|application| application.id == id);
    call.reply(&shape(&found.ok_or_else(|| call.not_found())?, ""))
}

/// Every change makes a new secret, which is handed out here.
pub(super) fn update(call: &Call<'_>) -> Reply {
    let (owner, id) = (call.user()?.id, call.number(3)?);
    let changed = call.forge.stores.applications.update(owner, id, wanted(call)?);
    let (application, secret) = changed.map_err(|error| call.failed(&error))?.ok_or_else(|| call.not_found())?;
    call.reply(&shape(&application, &secret))
}

pub(super) fn remove(call: &Call<'_>) -> Reply {
    let (owner, id) = (call.user()?.id, call.number(3)?);
    if !call.forge.stores.applications.remove(owner, id) {
        return Err(call.not_found());
    }
    call.forge.stores.grants.forget(id);
    call.done()
}
