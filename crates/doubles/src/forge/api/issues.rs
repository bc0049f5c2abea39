//! Issues.

use http::{Response, StatusCode};
use serde_json::{Value, json};
use serve::Body;

use super::call::{Call, Found, text};
use super::{Reply, labels};
use crate::forge::clock::{self, rfc3339};
use crate::forge::records::{Access, Issue, MOST, Pull};
use crate::forge::settings::Flavour;
use crate::forge::shapes;

fn shape(call: &Call<'_>, found: &Found, issue: &Issue) -> Value {
    let name = found.name();
    let place = format!("{name}/{}/{}", if issue.pull.is_some() { "pulls" } else { "issues" }, issue.number);
    let author = call.forge.stores.users.numbered(issue.author);
    let mut value = json!({
        "id": issue.id,
        "url": call.links.api(&format!("repos/{name}/issues/{}", issue.number)),
        "html_url": call.links.html(&place),
        "number": issue.number,
        "user": author.map(|user| call.shape(&user)).unwrap_or_else(|| shapes::ghost(&call.links)),
        "original_author": "",
        "original_author_id": 0,
        "title": issue.title,
        "body": issue.body,
        "ref": "",
        "assets": [],
        "labels": labels::shapes(call, found, &issue.labels),
        "milestone": null,
        "assignee": null,
        "assignees": null,
        "state": if issue.open { "open" } else { "closed" },
        "is_locked": false,
        "comments": 0,
        "created_at": rfc3339(issue.created),
        "updated_at": rfc3339(issue.updated),
        "closed_at": (!issue.open).then(|| rfc3339(issue.updated)),
        "due_date": null,
        "pull_request": issue.pull.as_ref().map(|_| json!({ "merged": false, "merged_at": null, "draft": false, "html_url": call.links.html(&place) })),
        "repository": { "id": found.facts.id, "name": found.facts.name, "owner": found.facts.owner, "full_name": name },
        "pin_order": 0,
    });
    if call.forge.settings.flavour == Flavour::Gitea {
        value["time_estimate"] = 0.into();
        value["content_version"] = 0.into();
    }
    value
}

/// Those that the query's `state` (`open` unless said otherwise, `closed`, `all`) and `type` ask for, the newest first.
pub(super) fn wanted(call: &Call<'_>, found: &Found) -> Vec<Issue> {
    let state = call.query.get("state").unwrap_or("open").to_owned();
    let mut issues = call.forge.stores.records.get(found.facts.id).issues;
    issues.retain(|issue| state == "all" || issue.open == (state != "closed"));
    issues.reverse();
    issues
}

pub(super) fn list(call: &Call<'_>) -> Reply {
    let found = call.readable()?;
    let kind = call.query.text("type");
    let is_wanted = |issue: &&Issue| match kind {
        "issues" => issue.pull.is_none(),
        "pulls" => issue.pull.is_some(),
        _ => true,
    };
    let issues = wanted(call, &found);
    let list: Vec<Value> = issues.iter().filter(is_wanted).map(|issue| shape(call, &found, issue)).collect();
    call.page(&list)
}

/// The issue whose number the path has.
pub(super) fn find(call: &Call<'_>, found: &Found) -> Result<Issue, Response<Body>> {
    let number = call.number(4)?;
    let issue = call.forge.stores.records.get(found.facts.id).issues.into_iter().find(|issue| issue.number == number);
    issue.ok_or_else(|| call.not_found())
}

pub(super) fn get(call: &Call<'_>) -> Reply {
    let found = call.readable()?;
    call.reply(&shape(call, &found, &find(call, &found)?))
}

/// Makes an issue, or with `pull` a pull request, from the content.
pub(super) fn make(call: &Call<'_>, found: &Found, body: &Value, pull: Option<Pull>) -> Result<Issue, Response<Body>> {
    let title = call.required(body, "title", "Title")?;
    let labels = labels::given(call, found, body)?;
    let (id, now, author) = (call.forge.stores.records.next_id(), clock::now(), call.user()?.id);
    let made = call.forge.stores.records.with(found.facts.id, |record| {
        if record.issues.len() == MOST {
            return None;
        }
        let issue = Issue {
            id,
            number: record.next_number(),
            author,
            title,
            body: text(body, "body").unwrap_or_default().to_owned(),
            open: true,
            created: now,
            updated: now,
            pull,
            labels,
        };
        record.issues.push(issue.clone());
        Some(issue)
    });
    made.ok_or_else(|| call.refusal(StatusCode::UNPROCESSABLE_ENTITY, "the repository has too many issues"))
}

pub(super) fn create(call: &Call<'_>) -> Reply {
    call.user()?;
    let found = call.readable()?;
    let issue = make(call, &found, &call.body()?, None)?;
    call.created(&shape(call, &found, &issue))
}

/// Issues and pull requests alike; the forges leave that to administrators of the repository.
pub(super) fn remove(call: &Call<'_>) -> Reply {
    let found =
        call.repository(Access::Admin, "user should be an owner or a collaborator with admin write of a repository")?;
    let number = find(call, &found)?.number;
    call.forge.stores.records.with(found.facts.id, |record| record.issues.retain(|issue| issue.number != number));
    call.done()
}

pub(super) fn update(call: &Call<'_>) -> Reply {
    let found = call.repository(Access::Write, "user should have a permission to write to a repo")?;
    let number = find(call, &found)?.number;
    let body = call.body()?;
    call.forge.stores.records.with(found.facts.id, |record| {
        if let Some(issue) = record.issues.iter_mut().find(|issue| issue.number == number) {
            if let Some(title) = text(&body, "title") {
                issue.title = title.to_owned();
            }
            if let Some(words) = text(&body, "body") {
                issue.body = words.to_owned();
            }
            if let Some(state) = text(&body, "state") {
                issue.open = state != "closed";
            }
            issue.updated = clock::now();
        }
    });
    call.created(&shape(call, &found, &find(call, &found)?))
}
