//! What webhooks tell.

use serde_json::{Value, json};

use crate::forge::State;
use crate::forge::api::pulls;
use crate::forge::links::Links;
use crate::forge::records::{Access, Issue};
use crate::forge::repositories::{Push, RepositoryFacts};
use crate::forge::shapes::{self, RepositoryView};
use crate::forge::users::User;

fn repository(forge: &State, links: &Links, facts: &RepositoryFacts) -> Value {
    let record = forge.stores.records.get(facts.id);
    let owner = forge.stores.users.named(&facts.owner);
    shapes::repository(
        links,
        &RepositoryView {
            flavour: forge.settings.flavour,
            facts,
            record: &record,
            owner: owner.map_or_else(|| shapes::ghost(links), |owner| shapes::user(links, &owner, false)),
            branches: forge.stores.repositories.branches(&facts.owner, &facts.name).len(),
            access: Access::Owner,
        },
    )
}

fn sender(links: &Links, user: Option<&User>) -> Value {
    user.map_or_else(|| shapes::ghost(links), |user| shapes::user(links, user, false))
}

/// New commits on a branch, or a tag that points elsewhere.
pub(super) fn push(forge: &State, push: &Push, pusher: Option<&User>) -> Value {
    let links = Links::outside(&forge.settings);
    let name = push.repository.full_name();
    let commits: Vec<Value> =
        push.commits.iter().map(|commit| shapes::branch_commit(&links, &name, commit, true)).collect();
    let is_new = push.before.bytes().all(|byte| byte == b'0');
    let from = if is_new { &push.repository.default_branch } else { &push.before };
    json!({
        "ref": push.reference,
        "before": push.before,
        "after": push.after,
        "compare_url": links.html(&format!("{name}/compare/{from}...{}", push.after)),
        "commits": commits,
        "total_commits": commits.len(),
        "head_commit": commits.first(),
        "repository": repository(forge, &links, &push.repository),
        "pusher": sender(&links, pusher),
        "sender": sender(&links, pusher),
    })
}

/// A branch or tag is new.
pub(super) fn created(
    forge: &State,
    facts: &RepositoryFacts,
    pusher: Option<&User>,
    kind: &str,
    name: &str,
    id: &str,
) -> Value {
    let links = Links::outside(&forge.settings);
    json!({
        "sha": id,
        "ref": name,
        "ref_type": kind,
        "repository": repository(forge, &links, facts),
        "sender": sender(&links, pusher),
    })
}

/// A branch or tag is gone.
pub(super) fn deleted(forge: &State, facts: &RepositoryFacts, pusher: Option<&User>, kind: &str, name: &str) -> Value {
    let links = Links::outside(&forge.settings);
    json!({
        "ref": name,
        "ref_type": kind,
        "pusher_type": "user",
        "repository": repository(forge, &links, facts),
        "sender": sender(&links, pusher),
    })
}

/// A pull request was opened, or moved on.
pub(crate) fn pull_request(
    forge: &State,
    facts: &RepositoryFacts,
    who: Option<&User>,
    issue: &Issue,
    action: &str,
) -> Value {
    let links = Links::outside(&forge.settings);
    let repository = repository(forge, &links, facts);
    json!({
        "action": action,
        "number": issue.number,
        "pull_request": pulls::shape(forge, &links, facts, issue, &repository),
        "requested_reviewer": null,
        "repository": repository,
        "sender": sender(&links, who),
        "commit_id": "",
        "review": null,
    })
}
