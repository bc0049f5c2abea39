//! Pull requests between branches of one repository.

use http::StatusCode;
use serde_json::{Value, json};

use super::call::{Call, text};
use super::{Reply, issues, repositories};
use crate::forge::State;
use crate::forge::clock::rfc3339;
use crate::forge::links::Links;
use crate::forge::records::{Issue, Pull};
use crate::forge::repositories::RepositoryFacts;
use crate::forge::shapes;
use crate::forge::webhooks::{Event, pull_request};

/// A pull request; `repository` is its repository's JSON.
pub(crate) fn shape(forge: &State, links: &Links, facts: &RepositoryFacts, issue: &Issue, repository: &Value) -> Value {
    let name = facts.full_name();
    let html = links.html(&format!("{name}/pulls/{}", issue.number));
    let author = forge.stores.users.numbered(issue.author);
    let side = |branch: &str| {
        let commit = forge.stores.repositories.branch(&facts.owner, &facts.name, branch);
        let id = commit.map(|commit| commit.id).unwrap_or_default();
        json!({ "label": branch, "ref": branch, "sha": id, "repo_id": facts.id, "repo": repository })
    };
    let (head, base) = issue.pull.as_ref().map(|pull| (pull.head.as_str(), pull.base.as_str())).unwrap_or_default();
    let base_side = side(base);
    json!({
        "id": issue.pull.as_ref().map(|pull| pull.id),
        "url": html,
        "number": issue.number,
        "user": author.map_or_else(|| shapes::ghost(links), |user| shapes::user(links, &user, false)),
        "title": issue.title,
        "body": issue.body,
        "labels": [],
        "milestone": null,
        "assignee": null,
        "assignees": [],
        "requested_reviewers": [],
        "requested_reviewers_teams": [],
        "state": if issue.open { "open" } else { "closed" },
        "draft": false,
        "is_locked": false,
        "comments": 0,
        "html_url": html,
        "diff_url": format!("{html}.diff"),
        "patch_url": format!("{html}.patch"),
        "mergeable": true,
        "merged": false,
        "merged_at": null,
        "merge_commit_sha": null,
        "merged_by": null,
        "allow_maintainer_edit": false,
        "merge_base": base_side["sha"],
        "base": base_side,
        "head": side(head),
        "due_date": null,
        "created_at": rfc3339(issue.created),
        "updated_at": rfc3339(issue.updated),
        "closed_at": (!issue.open).then(|| rfc3339(issue.updated)),
        "pin_order": 0,
    })
}

pub(super) fn list(call: &Call<'_>) -> Reply {
    let found = call.readable()?;
    let repository = repositories::shape(call, &found.facts, found.access);
    let pulls = issues::wanted(call, &found).into_iter().filter(|issue| issue.pull.is_some());
    let list: Vec<Value> =
        pulls.map(|issue| shape(call.forge, &call.links, &found.facts, &issue, &repository)).collect();
    call.page(&list)
}

pub(super) fn get(call: &Call<'_>) -> Reply {
    let found = call.readable()?;
    let issue = issues::find(call, &found)?;
    if issue.pull.is_none() {
        return Err(call.not_found());
    }
    let repository = repositories::shape(call, &found.facts, found.access);
    call.reply(&shape(call.forge, &call.links, &found.facts, &issue, &repository))
}

pub(super) fn create(call: &Call<'_>) -> Reply {
    let user = call.user()?;
    let found = call.readable()?;
    let body = call.body()?;
    let (head, base) = (text(&body, "head").unwrap_or_default(), text(&body, "base").unwrap_or_default());
    // `owner:branch` is how a fork's branch is written; here all are of this repository.
    let head = head.strip_prefix(&format!("{}:", found.facts.owner)).unwrap_or(head);
    if text(&body, "title").unwrap_or_default().is_empty() {
        return Err(call.refusal(StatusCode::UNPROCESSABLE_ENTITY, "[Title]: Required"));
    }
    let stores = &call.forge.stores;
    let commit = |branch: &str| stores.repositories.branch(&found.facts.owner, &found.facts.name, branch);
    let (Some(_), Some(_)) = (commit(base), commit(head)) else { return Err(call.not_found()) };
    if head == base {
        let message = "Invalid PullRequest: There are no changes between the head and the base";
        return Err(call.refusal(StatusCode::UNPROCESSABLE_ENTITY, message));
    }
    let there = stores.records.get(found.facts.id).issues.into_iter().find_map(|issue| {
        let pull = issue.pull.filter(|pull| issue.open && pull.head == head && pull.base == base)?;
        Some((pull.id, issue.id))
    });
    if let Some((pull, issue)) = there {
        let id = found.facts.id;
        let message = format!(
            "pull request already exists for these targets [id: {pull}, issue_id: {issue}, head_repo_id: {id}, base_repo_id: {id}, head_branch: {head}, base_branch: {base}]"
        );
        return Err(call.refusal(StatusCode::CONFLICT, &message));
    }
    let pull = Pull { id: stores.records.next_id(), head: head.to_owned(), base: base.to_owned() };
    let issue = issues::make(call, &found, &body, Some(pull))?;
    let payload = pull_request(call.forge, &found.facts, Some(user), &issue, "opened");
    call.forge.tell(&found.facts, &Event::new("pull_request", Some(base), payload));
    let repository = repositories::shape(call, &found.facts, found.access);
    call.created(&shape(call.forge, &call.links, &found.facts, &issue, &repository))
}
