//! What the forge tells by webhook.

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::Value;
use serve::Body;

use super::pipelines;
use crate::ci::model::{Cause, RemoteRepository, Repository};
use crate::ci::remote::repository_of;
use crate::ci::session;
use crate::ci::settings::ForgeKind;
use crate::ci::start;
use crate::ci::token::{self, Kind};
use crate::ci::{State, answer};

/// Takes a webhook: its token must be the repository's, and a push starts a pipeline.
pub(super) async fn receive(state: &State, parts: &Parts, content: &Bytes) -> Response<Body> {
    let Some(repository) = repository(state, parts) else {
        state.error("failure to parse token from hook", "token is invalid");
        return answer::text(StatusCode::BAD_REQUEST, "failure to parse token from hook");
    };
    let header = match state.settings.forge.kind {
        ForgeKind::Gitea => "x-gitea-event",
        ForgeKind::Forgejo => "x-forgejo-event",
    };
    let event = parts.headers.get(header).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (told, cause) = match read(event, content) {
        Told::Ignored => {
            let message = format!("forge driver: explicit ignored event '{}'", event.escape_default());
            return answer::text(StatusCode::OK, message);
        }
        Told::Nothing => {
            return answer::text(StatusCode::OK, "ignoring hook: hook parsing resulted in empty pipeline");
        }
        Told::Odd => return answer::text(StatusCode::BAD_REQUEST, "failure to parse hook"),
        Told::Cause(told, cause) => (told, cause),
    };
    if told.remote_id != repository.remote.remote_id {
        return answer::text(StatusCode::BAD_REQUEST, "failure to parse token from hook");
    }
    if !repository.active || repository.user.is_none() {
        return answer::bare(StatusCode::NO_CONTENT);
    }
    // A webhook tells of the sender's permissions, not of the owner's.
    let remote = RemoteRepository { permission: repository.remote.permission, ..*told };
    let repository = Repository { remote, ..repository };
    state.store.lock().repositories.insert(repository.id, repository.clone());
    pipelines::started(state, start::start(state, &repository, *cause).await)
}

/// The repository whose token came along.
fn repository(state: &State, parts: &Parts) -> Option<Repository> {
    let text = session::request_token(parts)?;
    let token = token::read(&text)?;
    if token.kind() != Kind::Hook || token.claim("forge-id") != Some("1") {
        return None;
    }
    let remote_id = token.claim("repo-forge-remote-id")?;
    let repository = state.store.lock().repository_by_remote_id(remote_id).cloned()?;
    token.holds(&repository.hash).then_some(repository)
}

/// What a webhook says.
#[derive(Debug)]
enum Told {
    /// An event that nobody here waits for.
    Ignored,
    /// Nothing that starts a pipeline.
    Nothing,
    /// No webhook.
    Odd,
    /// Something happened to a repository.
    Cause(Box<RemoteRepository>, Box<Cause>),
}

fn read(event: &str, content: &[u8]) -> Told {
    if !matches!(event, "push" | "create" | "pull_request" | "release") {
        return Told::Ignored;
    }
    let Ok(hook) = serde_json::from_slice::<Value>(content) else { return Told::Odd };
    let Some(repository) = repository_of(&hook["repository"]) else { return Told::Odd };
    let cause = match event {
        "push" => push(&hook),
        "create" => tag(&hook, &repository),
        "pull_request" => pull_request(&hook),
        _ => None,
    };
    match cause {
        Some(cause) if cause.commit.is_empty() => Told::Odd,
        Some(cause) => Told::Cause(Box::new(repository), Box::new(cause)),
        None => Told::Nothing,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Who did it.
fn sender(hook: &Value) -> Cause {
    let sender = &hook["sender"];
    let name = text(&sender["login"]);
    let name = if name.is_empty() { text(&sender["username"]) } else { name };
    Cause {
        author: name.clone(),
        sender: name,
        email: text(&sender["email"]),
        avatar: text(&sender["avatar_url"]),
        ..Cause::default()
    }
}

fn push(hook: &Value) -> Option<Cause> {
    let reference = text(&hook["ref"]);
    let branch = reference.strip_prefix("refs/heads/").unwrap_or(&reference).to_owned();
    if reference.starts_with("refs/tags/") || hook["ref_type"] == "branch" {
        return None;
    }
    let commits = hook["commits"].as_array().map(Vec::as_slice).unwrap_or_default();
    let (message, forge_url) = match commits {
        [] => (text(&hook["head_commit"]["message"]), text(&hook["head_commit"]["url"])),
        [only] => (text(&only["message"]), text(&only["url"])),
        [first, ..] => (text(&first["message"]), text(&hook["compare_url"])),
    };
    let mut changed_files: Vec<String> = commits
        .iter()
        .chain([&hook["head_commit"]])
        .flat_map(|commit| ["added", "removed", "modified"].map(|kind| &commit[kind]))
        .filter_map(Value::as_array)
        .flatten()
        .map(text)
        .collect();
    changed_files.sort();
    changed_files.dedup();
    let commit = text(&hook["after"]);
    // A branch that was deleted has nothing to run.
    if !commit.is_empty() && commit.bytes().all(|byte| byte == b'0') {
        return None;
    }
    let event = "push".to_owned();
    Some(Cause { event, commit, branch, reference, message, forge_url, changed_files, ..sender(hook) })
}

fn tag(hook: &Value, repository: &RemoteRepository) -> Option<Cause> {
    if hook["ref_type"] != "tag" {
        return None;
    }
    let name = text(&hook["ref"]);
    let name = name.strip_prefix("refs/tags/").unwrap_or(&name);
    Some(Cause {
        event: "tag".to_owned(),
        commit: text(&hook["sha"]),
        reference: format!("refs/tags/{name}"),
        message: format!("created tag {name}"),
        forge_url: format!("{}/src/tag/{name}", repository.forge_url),
        ..sender(hook)
    })
}

fn pull_request(hook: &Value) -> Option<Cause> {
    let event = match hook["action"].as_str()? {
        "opened" | "synchronized" | "reopened" => "pull_request",
        "closed" => "pull_request_closed",
        _ => return None,
    };
    let request = &hook["pull_request"];
    Some(Cause {
        event: event.to_owned(),
        commit: text(&request["head"]["sha"]),
        branch: text(&request["base"]["ref"]),
        reference: format!("refs/pull/{}/head", hook["number"].as_u64()?),
        message: text(&request["title"]),
        title: text(&request["title"]),
        forge_url: text(&request["html_url"]),
        author: text(&request["user"]["login"]),
        ..sender(hook)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn hook(extra: &Value) -> Vec<u8> {
        let mut hook = json!({
            "ref": "refs/heads/main", "after": "ab12", "compare_url": "http://edge.test/forge/alice/demo/compare/a...b",
            "commits": [{ "message": "first", "url": "http://edge.test/forge/c", "added": ["a"], "modified": ["b", "a"] }],
            "repository": { "id": 1, "full_name": "alice/demo", "owner": { "login": "alice" } },
            "sender": { "login": "alice", "email": "alice@edge.test" },
        });
        for (name, value) in extra.as_object().unwrap() {
            hook[name] = value.clone();
        }
        hook.to_string().into_bytes()
    }

    #[test]
    fn a_push_is_a_cause() {
        let Told::Cause(repository, cause) = read("push", &hook(&json!({}))) else { panic!("no cause") };
        assert_eq!((repository.remote_id.as_str(), repository.full_name.as_str()), ("1", "alice/demo"));
        assert_eq!((cause.event.as_str(), cause.commit.as_str(), cause.branch.as_str()), ("push", "ab12", "main"));
        assert_eq!((cause.message.as_str(), cause.author.as_str()), ("first", "alice"));
        assert_eq!(cause.changed_files, ["a", "b"]);
    }

    #[test]
    fn what_starts_nothing() {
        for (event, extra, expected) in [
            ("issues", json!({}), "Ignored"),
            ("", json!({}), "Ignored"),
            ("push", json!({ "ref": "refs/tags/v1" }), "Nothing"),
            ("push", json!({ "after": "0".repeat(40) }), "Nothing"),
            ("push", json!({ "after": "" }), "Odd"),
            ("push", json!({ "repository": null }), "Odd"),
            ("create", json!({ "ref_type": "branch" }), "Nothing"),
            ("pull_request", json!({ "action": "starred" }), "Nothing"),
            ("release", json!({}), "Nothing"),
        ] {
            assert_eq!(format!("{:?}", read(event, &hook(&extra))), expected, "{event} {extra}");
        }
        assert!(matches!(read("push", b"<html>"), Told::Odd));
    }

    #[test]
    fn tags_and_pull_requests() {
        let extra = json!({ "ref": "v1", "ref_type": "tag", "sha": "cd" });
        let Told::Cause(_, tag) = read("create", &hook(&extra)) else { panic!("no cause") };
        assert_eq!((tag.event.as_str(), tag.reference.as_str()), ("tag", "refs/tags/v1"));
        let request = json!({ "head": { "sha": "ef" }, "base": { "ref": "main" }, "title": "t" });
        let extra = json!({ "action": "opened", "number": 2, "pull_request": request });
        let Told::Cause(_, pull) = read("pull_request", &hook(&extra)) else { panic!("no cause") };
        assert_eq!((pull.event.as_str(), pull.reference.as_str()), ("pull_request", "refs/pull/2/head"));
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(event in "push|create|pull_request|release|x", content in ".{0,80}") {
            let _ = read(&event, content.as_bytes());
        }
    }
}
