//! Commits.

use http::StatusCode;
use serde_json::{Value, json};

use super::Reply;
use super::call::{Call, Found};
use crate::forge::repositories::Commit;
use crate::forge::{answer, shapes};

/// How many commits a list goes back.
const MOST: usize = 1000;

/// The commit that a branch, a tag or an id means.
pub(super) fn find(call: &Call<'_>, found: &Found, which: &str) -> Option<Commit> {
    call.forge.stores.repositories.commit(&found.facts.owner, &found.facts.name, which)
}

fn shape(call: &Call<'_>, found: &Found, commit: &Commit) -> Value {
    let author = call.forge.stores.users.named(&commit.author.name).filter(|user| user.email == commit.author.email);
    let author = author.map_or(Value::Null, |user| shapes::user(&call.links, &user, false));
    shapes::git_commit(&call.links, &found.name(), commit, &author)
}

pub(super) fn get(call: &Call<'_>) -> Reply {
    let found = call.readable()?;
    let which = call.rest(2);
    match find(call, &found, &which) {
        Some(commit) => call.reply(&shape(call, &found, &commit)),
        None => {
            let message = format!("commit doesn't exist: {which}");
            let value = json!({ "errors": null, "message": message, "url": call.links.documentation() });
            Err(answer::api(StatusCode::NOT_FOUND, &value))
        }
    }
}

pub(super) fn list(call: &Call<'_>) -> Reply {
    let found = call.readable()?;
    let branch = call.query.get("sha").filter(|name| !name.is_empty()).unwrap_or(&found.facts.default_branch);
    let commits = call.forge.stores.repositories.history(&found.facts.owner, &found.facts.name, branch, MOST);
    if commits.is_empty() {
        return Err(call.not_found());
    }
    let list: Vec<Value> = commits.iter().map(|commit| shape(call, &found, commit)).collect();
    call.page(&list)
}
