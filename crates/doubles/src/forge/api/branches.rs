//! Branches, by themselves and as git's references.

use http::StatusCode;
use serde_json::{Value, json};

use super::Reply;
use super::call::{Call, text};
use crate::forge::records::Access;
use crate::forge::repositories::BranchError;
use crate::forge::shapes;

pub(super) fn list(call: &Call<'_>) -> Reply {
    let found = call.readable()?;
    let commits = call.forge.stores.repositories.branches(&found.facts.owner, &found.facts.name);
    if commits.is_empty() {
        return call.reply(&Value::Null);
    }
    let list: Vec<Value> =
        commits.iter().map(|commit| shapes::branch(&call.links, &found.name(), commit, found.access)).collect();
    call.page(&list)
}

pub(super) fn get(call: &Call<'_>) -> Reply {
    let found = call.readable()?;
    let commit = call.forge.stores.repositories.branch(&found.facts.owner, &found.facts.name, &call.rest(1));
    let commit = commit.ok_or_else(|| call.not_found())?;
    call.reply(&shapes::branch(&call.links, &found.name(), &commit, found.access))
}

pub(super) fn create(call: &Call<'_>) -> Reply {
    let found = call.repository(Access::Write, "user should have a permission to write to a repo")?;
    let body = call.body()?;
    let new = call.required(&body, "new_branch_name", "BranchName")?;
    let old =
        ["old_ref_name", "old_branch_name"].iter().find_map(|name| text(&body, name)).filter(|old| !old.is_empty());
    let old = old.unwrap_or(&found.facts.default_branch);
    let made = call.forge.stores.repositories.create_branch(&found.facts.owner, &found.facts.name, &new, old);
    match made {
        Ok(commit) => call.created(&shapes::branch(&call.links, &found.name(), &commit, found.access)),
        Err(BranchError::Exists) => Err(call.refusal(StatusCode::CONFLICT, "The branch already exists.")),
        Err(BranchError::BadName) => Err(call.refusal(StatusCode::UNPROCESSABLE_ENTITY, "[BranchName]: GitRefName")),
        Err(_) => Err(call.refusal(StatusCode::NOT_FOUND, "The old branch does not exist")),
    }
}

pub(super) fn remove(call: &Call<'_>) -> Reply {
    let found = call.repository(Access::Write, "user should have a permission to write to a repo")?;
    let branch = call.rest(1);
    match call.forge.stores.repositories.remove_branch(&found.facts.owner, &found.facts.name, &branch) {
        Ok(()) => call.done(),
        Err(BranchError::Default) => {
            Err(call.refusal(StatusCode::FORBIDDEN, "can not delete default or pull request target branch"))
        }
        Err(_) => Err(call.not_found_because(Some(&format!("branch does not exist [name: {branch}]")))),
    }
}

/// Branches whose full name begins with what the path says.
pub(super) fn references(call: &Call<'_>) -> Reply {
    let found = call.readable()?;
    let wanted = format!("refs/{}", call.rest(2));
    let name = found.name();
    let commits = call.forge.stores.repositories.branches(&found.facts.owner, &found.facts.name);
    let list: Vec<Value> = commits
        .iter()
        .map(|commit| (format!("refs/heads/{}", commit.branch), commit))
        .filter(|(reference, _)| reference.starts_with(&wanted))
        .map(|(reference, commit)| {
            json!({
                "ref": reference,
                "url": call.links.api(&format!("repos/{name}/git/{reference}")),
                "object": {
                    "type": "commit",
                    "sha": commit.id,
                    "url": call.links.api(&format!("repos/{name}/git/commits/{}", commit.id)),
                },
            })
        })
        .collect();
    if list.is_empty() { Err(call.not_found()) } else { call.reply(&json!(list)) }
}
