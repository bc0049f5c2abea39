//! Users.

use http::StatusCode;
use serde_json::json;

use super::Reply;
use super::call::Call;
use crate::forge::answer;

pub(super) fn me(call: &Call<'_>) -> Reply {
    let user = call.user()?;
    call.reply(&call.shape(user))
}

pub(super) fn emails(call: &Call<'_>) -> Reply {
    let user = call.user()?;
    call.reply(
        &json!([{ "email": user.email, "verified": true, "primary": true, "user_id": user.id, "username": user.name }]),
    )
}

pub(super) fn one(call: &Call<'_>) -> Reply {
    let name = call.path.get(1).copied().unwrap_or_default();
    match call.forge.stores.users.named(name) {
        Some(user) => call.reply(&call.shape(&user)),
        None => Err(call.refusal(StatusCode::NOT_FOUND, &format!("user redirect does not exist [name: {name}]"))),
    }
}

/// Things that nobody has here: organisations, teams, keys.
pub(super) fn none(call: &Call<'_>) -> Reply {
    call.user()?;
    call.page(&[])
}

pub(super) fn organisation(call: &Call<'_>) -> Reply {
    let name = call.path.get(1).copied().unwrap_or_default();
    let why = format!("user redirect does not exist [name: {name}]");
    let value = json!({ "errors": [why], "message": "GetOrgByName", "url": call.links.documentation() });
    Err(answer::api(StatusCode::NOT_FOUND, &value))
}
