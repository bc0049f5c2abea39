//! What can happen in a repository, as far as webhooks tell of it.

use serde_json::Value;

use super::delivery::Order;
use super::payload;
use crate::forge::repositories::{Push, RepositoryFacts};
use crate::forge::users::User;
use crate::forge::{State, clock};

/// What comes with each of the events that stand for several.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "pull_request",
        &[
            "pull_request_assign",
            "pull_request_label",
            "pull_request_milestone",
            "pull_request_comment",
            "pull_request_review",
            "pull_request_sync",
            "pull_request_review_request",
        ],
    ),
    ("issues", &["issue_assign", "issue_label", "issue_milestone", "issue_comment"]),
];

/// Events by the forge's own names.
const KNOWN: &[&str] = &[
    "create",
    "delete",
    "fork",
    "push",
    "issues",
    "issue_assign",
    "issue_label",
    "issue_milestone",
    "issue_comment",
    "pull_request",
    "pull_request_assign",
    "pull_request_label",
    "pull_request_milestone",
    "pull_request_comment",
    "pull_request_review",
    "pull_request_sync",
    "pull_request_review_request",
    "wiki",
    "repository",
    "release",
    "package",
    "status",
];

/// The events that a webhook is for: what was asked for, with what comes along. Unknown names are passed over, as the
/// real ones do; nothing stands for pushes.
pub(crate) fn expand(asked: &[String]) -> Vec<String> {
    let mut events: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !events.iter().any(|event| event == name) {
            events.push(name.to_owned());
        }
    };
    for name in asked.iter().map(String::as_str).filter(|name| KNOWN.contains(name)) {
        add(name);
        GROUPS
            .iter()
            .filter(|(group, _)| *group == name)
            .for_each(|(_, members)| members.iter().for_each(|one| add(one)));
    }
    if asked.is_empty() {
        add("push");
    }
    events
}

/// Something that happened.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// What the `X-…-Event` field says.
    pub(crate) name: &'static str,
    /// What the `X-…-Event-Type` field says, and webhooks ask for.
    pub(crate) kind: &'static str,
    /// The branch that it happened to.
    pub(crate) branch: Option<String>,
    pub(crate) payload: Value,
}

impl Event {
    /// An event whose name says it all.
    pub(crate) fn new(name: &'static str, branch: Option<&str>, payload: Value) -> Self {
        Self { name, kind: name, branch: branch.map(ToOwned::to_owned), payload }
    }

    /// The deliveries that it makes, one for each webhook that wants to hear of it.
    pub(crate) fn orders(&self, forge: &State, repository: &RepositoryFacts) -> Vec<Order> {
        let hooks = forge.stores.records.get(repository.id).hooks;
        let wanted = hooks.into_iter().filter(|hook| hook.wants(self.kind, self.branch.as_deref()));
        wanted.map(|hook| Order { repository: repository.id, hook, event: self.clone() }).collect()
    }
}

/// What a push makes happen: a branch or tag comes or goes, commits arrive, a pull request moves on.
pub(crate) fn pushed(forge: &State, push: &Push) -> Vec<Event> {
    let is_none = |id: &str| id.bytes().all(|byte| byte == b'0');
    let (kind, name) = match push.reference.strip_prefix("refs/heads/") {
        Some(branch) => ("branch", branch),
        None => ("tag", push.reference.strip_prefix("refs/tags/").unwrap_or(&push.reference)),
    };
    let branch = (kind == "branch").then_some(name);
    let facts = &push.repository;
    let pusher = forge.stores.users.named(&push.pusher);
    let pusher: Option<&User> = pusher.as_deref();
    forge.stores.records.with(facts.id, |record| record.updated = clock::now());
    let mut events = Vec::new();
    if is_none(&push.before) {
        events.push(Event::new("create", branch, payload::created(forge, facts, pusher, kind, name, &push.after)));
    }
    if is_none(&push.after) {
        events.push(Event::new("delete", branch, payload::deleted(forge, facts, pusher, kind, name)));
        return events;
    }
    events.push(Event::new("push", branch, payload::push(forge, push, pusher)));
    let record = forge.stores.records.get(facts.id);
    for issue in record.issues.iter().filter(|issue| issue.open) {
        if let Some(pull) = &issue.pull
            && Some(pull.head.as_str()) == branch
        {
            let payload = payload::pull_request(forge, facts, pusher, issue, "synchronized");
            let branch = Some(pull.base.clone());
            events.push(Event { name: "pull_request", kind: "pull_request_sync", branch, payload });
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_along() {
        let expand = |asked: &[&str]| expand(&asked.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(expand(&[]), ["push"]);
        assert_eq!(expand(&["push", "create", "push", "nosuch"]), ["push", "create"]);
        assert_eq!(expand(&["pull_request", "pull_request_sync"]).len(), 8);
    }
}
