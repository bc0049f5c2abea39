//! Repositories.

use http::StatusCode;
use serde_json::{Value, json};

use super::Reply;
use super::call::{Call, flag, text};
use crate::forge::records::Access;
use crate::forge::repositories::{CreateError, RepositoryFacts};
use crate::forge::shapes::{self, RepositoryView};

/// A repository, as the caller sees it.
pub(super) fn shape(call: &Call<'_>, facts: &RepositoryFacts, access: Access) -> Value {
    let stores = &call.forge.stores;
    let owner = stores.users.named(&facts.owner);
    let view = RepositoryView {
        flavour: call.forge.settings.flavour,
        facts,
        record: &stores.records.get(facts.id),
        owner: owner.map_or_else(|| shapes::ghost(&call.links), |owner| shapes::user(&call.links, &owner, false)),
        branches: stores.repositories.branches(&facts.owner, &facts.name).len(),
        access,
    };
    shapes::repository(&call.links, &view)
}

/// Those of an owner that the caller may see.
fn visible(call: &Call<'_>, owner: &str) -> Vec<Value> {
    let repositories = call.forge.stores.repositories.list(owner);
    let seen = repositories.iter().filter_map(|facts| {
        let access = super::access(call.forge, facts, call.caller().map(|user| user.as_ref()));
        (access >= Access::Read).then(|| shape(call, facts, access))
    });
    seen.collect()
}

/// The caller's own, and those that the caller collaborates on.
pub(super) fn mine(call: &Call<'_>) -> Reply {
    let user = call.user()?;
    let stores = &call.forge.stores;
    let mut all = visible(call, &user.name);
    for owner in stores.users.all().iter().filter(|owner| owner.id != user.id) {
        let shared = stores.repositories.list(&owner.name).into_iter().filter_map(|facts| {
            let access = stores.records.with(facts.id, |record| record.collaborators.get(&user.id).copied())?;
            Some(shape(call, &facts, access))
        });
        all.extend(shared);
    }
    call.page(&all)
}

pub(super) fn of_user(call: &Call<'_>) -> Reply {
    let name = call.path.get(1).copied().unwrap_or_default();
    if call.forge.stores.users.named(name).is_none() {
        return Err(call.refusal(StatusCode::NOT_FOUND, &format!("user redirect does not exist [name: {name}]")));
    }
    call.page(&visible(call, name))
}

pub(super) fn search(call: &Call<'_>) -> Reply {
    let wanted = call.query.text("q").to_lowercase();
    let users = call.forge.stores.users.all();
    let all = users.iter().flat_map(|user| visible(call, &user.name));
    let found: Vec<Value> =
        all.filter(|value| value["name"].as_str().is_some_and(|name| name.to_lowercase().contains(&wanted))).collect();
    call.counted(&json!({ "ok": true, "data": found }), found.len())
}

pub(super) fn by_number(call: &Call<'_>) -> Reply {
    let id = call.number(1)?;
    let users = call.forge.stores.users.all();
    let mut all = users.iter().flat_map(|user| call.forge.stores.repositories.list(&user.name));
    let facts = all.find(|facts| facts.id == id).ok_or_else(|| call.not_found())?;
    let access = super::access(call.forge, &facts, call.caller().map(|user| user.as_ref()));
    if access < Access::Read { Err(call.not_found()) } else { call.reply(&shape(call, &facts, access)) }
}

pub(super) fn create(call: &Call<'_>) -> Reply {
    let user = call.user()?;
    let body = call.body()?;
    let name = call.required(&body, "name", "Name")?;
    let default = &call.forge.settings.default_branch;
    let branch = text(&body, "default_branch").filter(|branch| !branch.is_empty()).unwrap_or(default);
    let init = flag(&body, "auto_init").unwrap_or_default().then_some(branch);
    let repositories = &call.forge.stores.repositories;
    let facts = repositories.create(&user.name, &name, init).map_err(|error| match error {
        CreateError::Exists => call.refusal(StatusCode::CONFLICT, "The repository with the same name already exists."),
        CreateError::BadName => call.refusal(StatusCode::UNPROCESSABLE_ENTITY, "[Name]: AlphaDashDot"),
    })?;
    if let Some(description) = text(&body, "description") {
        call.forge.stores.records.with(facts.id, |record| record.description = description.to_owned());
    }
    if flag(&body, "private").unwrap_or_default() {
        repositories.set_private(&facts.owner, &facts.name, true);
    }
    let facts = repositories.get(&facts.owner, &facts.name).unwrap_or(facts);
    call.created(&shape(call, &facts, Access::Owner))
}

pub(super) fn get(call: &Call<'_>) -> Reply {
    let found = call.readable()?;
    call.reply(&shape(call, &found.facts, found.access))
}

pub(super) fn update(call: &Call<'_>) -> Reply {
    let found =
        call.repository(Access::Admin, "user should be an owner or a collaborator with admin write of a repository")?;
    let body = call.body()?;
    let repositories = &call.forge.stores.repositories;
    let (owner, name) = (&found.facts.owner, &found.facts.name);
    if let Some(private) = flag(&body, "private") {
        repositories.set_private(owner, name, private);
    }
    if let Some(description) = text(&body, "description") {
        call.forge.stores.records.with(found.facts.id, |record| record.description = description.to_owned());
    }
    let facts = repositories.get(owner, name).ok_or_else(|| call.not_found())?;
    call.reply(&shape(call, &facts, found.access))
}

pub(super) fn remove(call: &Call<'_>) -> Reply {
    let found = call.repository(Access::Admin, "user should be the owner of the repo")?;
    call.forge.stores.repositories.delete(&found.facts.owner, &found.facts.name);
    call.forge.stores.records.forget(found.facts.id);
    call.done()
}

/// Things that no repository has here: tags' releases, keys.
pub(super) fn none(call: &Call<'_>) -> Reply {
    call.readable()?;
    call.page(&[])
}
