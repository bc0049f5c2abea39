//! What administrators may do.

use http::{Response, StatusCode};
use serde_json::Value;
use serve::Body;

use super::Reply;
use super::call::Call;

fn administrator(call: &Call<'_>) -> Result<(), Response<Body>> {
    if call.user()?.admin {
        return Ok(());
    }
    Err(call.refusal(StatusCode::FORBIDDEN, "user should be the site admin"))
}

pub(super) fn users(call: &Call<'_>) -> Reply {
    administrator(call)?;
    let users: Vec<Value> = call.forge.stores.users.all().iter().map(|user| call.shape(user)).collect();
    call.page(&users)
}

pub(super) fn create_user(call: &Call<'_>) -> Reply {
    administrator(call)?;
    let body = call.body()?;
    let name = call.required(&body, "username", "Username")?;
    let email = call.required(&body, "email", "Email")?;
    let password = call.required(&body, "password", "Password")?;
    let unfit = |message: String| call.refusal(StatusCode::UNPROCESSABLE_ENTITY, &message);
    let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    if name.len() > 40 || !name.chars().all(is_plain) || !name.starts_with(|first: char| first.is_ascii_alphanumeric())
    {
        return Err(unfit("[Username]: Username".to_owned()));
    }
    if RESERVED.contains(&name.to_lowercase().as_str()) {
        return Err(unfit(format!("name is reserved [name: {name}]")));
    }
    match call.forge.stores.users.add(&name, &email, &password, false) {
        Some(user) => call.created(&call.shape(&user)),
        None => Err(unfit(format!("user already exists [name: {name}]"))),
    }
}

/// Names that stand for something else in addresses.
const RESERVED: &[&str] = &["api", "assets", "avatars", "explore", "ghost", "login", "org", "repo", "user", "v2", "."];
