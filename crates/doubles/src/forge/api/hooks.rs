//! Webhooks of a repository.

use std::collections::BTreeMap;

use http::{Response, StatusCode};
use serde_json::{Value, json};
use serve::Body;

use super::Reply;
use super::call::{Call, Found, flag, text, texts};
use crate::forge::clock::{self, rfc3339};
use crate::forge::records::{Access, MOST};
use crate::forge::repositories::Push;
use crate::forge::settings::Flavour;
use crate::forge::webhooks::{Hook, Order, expand, pushed};

const KINDS: &[&str] = &[
    "forgejo",
    "gitea",
    "gogs",
    "slack",
    "discord",
    "dingtalk",
    "telegram",
    "msteams",
    "feishu",
    "matrix",
    "wechatwork",
    "packagist",
];

/// Only who administers a repository knows of its webhooks: their addresses hold secrets.
fn repository(call: &Call<'_>) -> Result<Found, Response<Body>> {
    call.repository(Access::Admin, "user should be an owner or a collaborator with admin write of a repository")
}

fn find(call: &Call<'_>, found: &Found) -> Result<Hook, Response<Body>> {
    let id = call.number(4)?;
    let hook = call.forge.stores.records.get(found.facts.id).hooks.into_iter().find(|hook| hook.id == id);
    hook.ok_or_else(|| call.not_found())
}

/// The secret isn't in it.
fn shape(call: &Call<'_>, hook: &Hook) -> Value {
    let mut config = BTreeMap::from([
        ("content_type".to_owned(), if hook.form { "form" } else { "json" }.to_owned()),
        ("url".to_owned(), hook.url.clone()),
    ]);
    config.extend(hook.other.clone());
    let mut value = json!({
        "id": hook.id,
        "type": hook.kind,
        "branch_filter": hook.branch_filter,
        "config": config,
        "events": hook.events,
        "authorization_header": hook.authorization,
        "active": hook.active,
        "updated_at": rfc3339(hook.updated),
        "created_at": rfc3339(hook.created),
    });
    if call.forge.settings.flavour == Flavour::Gitea {
        value["name"] = "".into();
    } else {
        value["content_type"] = if hook.form { "form" } else { "json" }.into();
        value["url"] = hook.url.as_str().into();
        value["metadata"] = Value::Null;
    }
    value
}

pub(super) fn list(call: &Call<'_>) -> Reply {
    let found = repository(call)?;
    let hooks = call.forge.stores.records.get(found.facts.id).hooks;
    let list: Vec<Value> = hooks.iter().map(|hook| shape(call, hook)).collect();
    call.page(&list)
}

pub(super) fn get(call: &Call<'_>) -> Reply {
    let found = repository(call)?;
    call.reply(&shape(call, &find(call, &found)?))
}

pub(super) fn create(call: &Call<'_>) -> Reply {
    let found = repository(call)?;
    let body = call.body()?;
    let unfit = |message: &str| call.refusal(StatusCode::UNPROCESSABLE_ENTITY, message);
    let kind = call.required(&body, "type", "Type")?;
    let Some(config) = body.get("config").filter(|config| config.is_object()) else {
        return Err(unfit("[Config]: Required"));
    };
    let is_known =
        KINDS.contains(&kind.as_str()) && (kind != "forgejo" || call.forge.settings.flavour == Flavour::Forgejo);
    if !is_known {
        return Err(unfit(&format!("Invalid hook type: {kind}")));
    }
    for name in ["url", "content_type"] {
        if text(config, name).is_none() {
            return Err(unfit(&format!("Missing config option: {name}")));
        }
    }
    let now = clock::now();
    let mut hook = Hook {
        id: call.forge.stores.records.next_id(),
        kind,
        url: String::new(),
        form: false,
        method: "POST".to_owned(),
        secret: String::new(),
        authorization: text(&body, "authorization_header").unwrap_or_default().to_owned(),
        events: expand(&texts(&body, "events")),
        branch_filter: text(&body, "branch_filter").unwrap_or_default().to_owned(),
        active: flag(&body, "active").unwrap_or_default(),
        other: BTreeMap::new(),
        created: now,
        updated: now,
        deliveries: Default::default(),
    };
    configure(call, &mut hook, config)?;
    let is_made = call.forge.stores.records.with(found.facts.id, |record| {
        let is_made = record.hooks.len() < MOST;
        if is_made {
            record.hooks.push(hook.clone());
        }
        is_made
    });
    if is_made { call.created(&shape(call, &hook)) } else { Err(unfit("the repository has too many webhooks")) }
}

/// Takes the settings that are there.
fn configure(call: &Call<'_>, hook: &mut Hook, config: &Value) -> Result<(), Response<Body>> {
    let unfit = |message: &str| call.refusal(StatusCode::UNPROCESSABLE_ENTITY, message);
    for (name, value) in config.as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        match name.as_str() {
            "url" => match url::Url::parse(value) {
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => hook.url = url.to_string(),
                _ => return Err(unfit("Invalid url")),
            },
            "content_type" => match value {
                "json" | "form" => hook.form = value == "form",
                _ => return Err(unfit("Invalid content type")),
            },
            "http_method" => match value {
                "" | "POST" | "GET" | "PUT" => hook.method = if value.is_empty() { "POST" } else { value }.to_owned(),
                _ => return Err(unfit("Invalid HTTP method")),
            },
            "secret" => hook.secret = value.to_owned(),
            other => {
                hook.other.insert(other.to_owned(), value.to_owned());
            }
        }
    }
    Ok(())
}

/// Events that aren't given are no events any more, but pushes: so the real ones have it.
pub(super) fn update(call: &Call<'_>) -> Reply {
    let found = repository(call)?;
    let mut hook = find(call, &found)?;
    let body = call.body()?;
    if let Some(config) = body.get("config") {
        configure(call, &mut hook, config)?;
    }
    hook.events = expand(&texts(&body, "events"));
    if let Some(active) = flag(&body, "active") {
        hook.active = active;
    }
    if let Some(filter) = text(&body, "branch_filter") {
        hook.branch_filter = filter.to_owned();
    }
    if let Some(authorization) = text(&body, "authorization_header") {
        hook.authorization = authorization.to_owned();
    }
    hook.updated = clock::now();
    call.forge.stores.records.with(found.facts.id, |record| {
        if let Some(one) = record.hooks.iter_mut().find(|one| one.id == hook.id) {
            // What was delivered meanwhile stays.
            let deliveries = std::mem::take(&mut one.deliveries);
            *one = Hook { deliveries, ..hook.clone() };
        }
    });
    call.reply(&shape(call, &hook))
}

pub(super) fn remove(call: &Call<'_>) -> Reply {
    let found = repository(call)?;
    let hook = find(call, &found)?;
    call.forge.stores.records.with(found.facts.id, |record| record.hooks.retain(|one| one.id != hook.id));
    call.done()
}

/// Sends the newest commit as if it had been pushed just now.
pub(super) fn test(call: &Call<'_>) -> Reply {
    let found = repository(call)?;
    let hook = find(call, &found)?;
    let branch = found.facts.default_branch.clone();
    let commit = call.forge.stores.repositories.branch(&found.facts.owner, &found.facts.name, &branch);
    let commit = commit.ok_or_else(|| call.not_found())?;
    let push = Push {
        repository: found.facts.clone(),
        pusher: call.user()?.name.clone(),
        reference: format!("refs/heads/{branch}"),
        before: commit.id.clone(),
        after: commit.id.clone(),
        commits: vec![commit],
    };
    for event in pushed(call.forge, &push).into_iter().filter(|event| event.name == "push") {
        let order = Order { repository: found.facts.id, hook: hook.clone(), event };
        call.forge.deliveries.send(call.forge, order);
    }
    call.done()
}
