//! What is said of a commit, by a CI server most often.

use http::StatusCode;
use serde_json::{Value, json};

use super::Reply;
use super::call::{Call, Found, text};
use super::{commits, repositories};
use crate::forge::clock::{self, rfc3339};
use crate::forge::records::{Access, MOST, Status};
use crate::forge::shapes;

/// States, the one that counts most first.
const ORDER: &[&str] = &["error", "failure", "warning", "pending", "success", "skipped"];

fn shape(call: &Call<'_>, found: &Found, status: &Status) -> Value {
    let creator = call.forge.stores.users.numbered(status.creator);
    json!({
        "id": status.id,
        "status": status.state,
        "target_url": status.target_url,
        "description": status.description,
        "url": call.links.api(&format!("repos/{}/statuses/{}", found.name(), status.commit)),
        "context": status.context,
        "creator": creator.map(|user| shapes::user(&call.links, &user, false)),
        "created_at": rfc3339(status.created),
        "updated_at": rfc3339(status.created),
    })
}

pub(super) fn create(call: &Call<'_>) -> Reply {
    let found = call.repository(Access::Write, "user should have a permission to write to a repo")?;
    let id = call.rest(1);
    let body = call.body()?;
    let commit = commits::find(call, &found, &id).ok_or_else(|| {
        let message = format!("GetCommit[{id}]: object does not exist [id: {id}, rel_path: ]");
        call.refusal(StatusCode::INTERNAL_SERVER_ERROR, &message)
    })?;
    let member = |name: &str| text(&body, name).unwrap_or_default().to_owned();
    let status = Status {
        id: call.forge.stores.records.next_id(),
        commit: commit.id,
        state: member("state"),
        target_url: member("target_url"),
        description: member("description"),
        context: member("context"),
        creator: call.user()?.id,
        created: clock::now(),
    };
    call.forge.stores.records.with(found.facts.id, |record| {
        if record.statuses.len() == MOST {
            record.statuses.remove(0);
        }
        record.statuses.push(status.clone());
    });
    call.created(&shape(call, &found, &status))
}

/// All that was said of the commit that the path names, the oldest first.
fn of_commit(call: &Call<'_>, found: &Found) -> Vec<Status> {
    let which = call.path.get(4).copied().unwrap_or_default();
    let id = commits::find(call, found, which).map_or_else(|| which.to_owned(), |commit| commit.id);
    let statuses = call.forge.stores.records.get(found.facts.id).statuses;
    statuses.into_iter().filter(|status| status.commit == id).collect()
}

pub(super) fn list(call: &Call<'_>) -> Reply {
    let found = call.readable()?;
    let list: Vec<Value> = of_commit(call, &found).iter().map(|status| shape(call, &found, status)).collect();
    call.page(&list)
}

/// The newest of each context, and the worst of them all.
pub(super) fn combined(call: &Call<'_>) -> Reply {
    let found = call.readable()?;
    let mut newest: Vec<Status> = Vec::new();
    for status in of_commit(call, &found) {
        match newest.iter_mut().find(|one| one.context == status.context) {
            Some(one) => *one = status,
            None => newest.push(status),
        }
    }
    let state = ORDER.iter().find(|state| newest.iter().any(|status| status.state == **state));
    let statuses: Vec<Value> = newest.iter().map(|status| shape(call, &found, status)).collect();
    let which = call.path.get(4).copied().unwrap_or_default();
    let id = commits::find(call, &found, which).map_or_else(|| which.to_owned(), |commit| commit.id);
    let value = json!({
        "state": state.copied().unwrap_or_default(),
        "sha": id,
        "total_count": statuses.len(),
        "statuses": statuses,
        "repository": repositories::shape(call, &found.facts, found.access),
        "commit_url": call.links.api(&format!("repos/{}/commits/{id}", found.name())),
        "url": call.links.api(&format!("repos/{}/commits/{id}/status", found.name())),
    });
    call.counted(&value, statuses.len())
}
