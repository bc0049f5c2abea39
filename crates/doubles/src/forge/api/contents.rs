//! Files of a repository.

use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, Engine as _};
use git_wire::object::Object;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use serve::Body;

use super::Reply;
use super::call::{Call, Found, text};
use crate::forge::clock::rfc3339;
use crate::forge::records::Access;
use crate::forge::repositories::{BranchError, Commit, CommitError};
use crate::forge::{answer, shapes};

/// The branch, tag or commit that the query asks for, or the branch that clones check out.
fn revision(call: &Call<'_>, found: &Found) -> String {
    let asked = call.query.get("ref").filter(|name| !name.is_empty()).unwrap_or(&found.facts.default_branch);
    asked.strip_prefix("refs/heads/").unwrap_or(asked).to_owned()
}

struct Item<'a> {
    path: &'a str,
    kind: &'a str,
    id: &'a str,
    size: usize,
    content: Option<&'a [u8]>,
}

fn shape(call: &Call<'_>, found: &Found, commit: &Commit, item: &Item<'_>) -> Value {
    let (name, branch, path, id) = (found.name(), &commit.branch, item.path, item.id);
    let own = call.links.api(&format!("repos/{name}/contents/{path}?ref={branch}"));
    let is_commit = *branch == commit.id;
    let place = format!("{}/{branch}/{path}", if is_commit { "commit" } else { "branch" });
    let html = call.links.html(&format!("{name}/src/{place}"));
    let objects = if item.kind == "dir" { "trees" } else { "blobs" };
    let git = call.links.api(&format!("repos/{name}/git/{objects}/{id}"));
    let time = rfc3339(commit.committer.time);
    json!({
        "name": path.rsplit('/').next().unwrap_or_default(),
        "path": path,
        "sha": id,
        "last_commit_sha": commit.id,
        "last_committer_date": time,
        "last_author_date": time,
        "type": item.kind,
        "size": item.size,
        "encoding": item.content.map(|_| "base64"),
        "content": item.content.map(|content| STANDARD.encode(content)),
        "target": null,
        "url": own,
        "html_url": html,
        "git_url": git,
        "download_url": (item.kind == "file").then(|| call.links.html(&format!("{name}/raw/{place}"))),
        "submodule_git_url": null,
        "_links": { "self": own, "git": git, "html": html },
    })
}

fn file(call: &Call<'_>, found: &Found, commit: &Commit, path: &str, content: &[u8]) -> Value {
    let id = Object::blob(content).id().to_string();
    shape(call, found, commit, &Item { path, kind: "file", id: &id, size: content.len(), content: Some(content) })
}

/// A file with its content, or what a folder holds.
pub(super) fn get(call: &Call<'_>) -> Reply {
    let found = call.readable()?;
    let (revision, path) = (revision(call, &found), call.rest(1));
    let (owner, name, repositories) = (&found.facts.owner, &found.facts.name, &call.forge.stores.repositories);
    let Some(commit) = repositories.commit(owner, name, &revision) else {
        return Err(call.not_found_because(Some(&format!("object does not exist [id: {revision}, rel_path: ]"))));
    };
    if let Some(content) = repositories.file(owner, name, &revision, &path) {
        return call.reply(&file(call, &found, &commit, &path, &content));
    }
    let Some(entries) = repositories.folder(owner, name, &revision, &path) else {
        let value = json!({
            "errors": [format!("object does not exist [id: , rel_path: {path}]")],
            "message": "GetContentsOrList",
            "url": call.links.documentation(),
        });
        return Err(answer::api(StatusCode::NOT_FOUND, &value));
    };
    let list: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let path = if path.is_empty() { entry.name.clone() } else { format!("{path}/{}", entry.name) };
            let kind = if entry.folder { "dir" } else { "file" };
            shape(call, &found, &commit, &Item { path: &path, kind, id: &entry.id, size: entry.size, content: None })
        })
        .collect();
    call.reply(&json!(list))
}

pub(super) fn raw(call: &Call<'_>) -> Reply {
    let found = call.readable()?;
    let (revision, path) = (revision(call, &found), call.rest(1));
    let content = call.forge.stores.repositories.file(&found.facts.owner, &found.facts.name, &revision, &path);
    Ok(super::raw(content.ok_or_else(|| call.not_found())?))
}

/// A new file.
pub(super) fn create(call: &Call<'_>) -> Reply {
    let change = Change::read(call)?;
    if change.old.is_some() {
        let message = format!("repository file already exists [path: {}]", change.path);
        return Err(call.refusal(StatusCode::UNPROCESSABLE_ENTITY, &message));
    }
    change.commit("Add", StatusCode::CREATED)
}

/// A file that is there already; the caller has to know which version of it.
pub(super) fn update(call: &Call<'_>) -> Reply {
    let change = Change::read(call)?;
    let Some(old) = &change.old else {
        let why = format!("repository file does not exist [path: {}]", change.path);
        return Err(call.refusal(StatusCode::NOT_FOUND, &why));
    };
    let (given, is) = (text(&change.body, "sha").unwrap_or_default(), Object::blob(old.clone()).id().to_string());
    if given.is_empty() {
        let message = format!("repository file already exists [path: {}]", change.path);
        return Err(call.refusal(StatusCode::UNPROCESSABLE_ENTITY, &message));
    }
    if given != is {
        let message = format!("sha does not match [given: {given}, expected: {is}]");
        return Err(call.refusal(StatusCode::UNPROCESSABLE_ENTITY, &message));
    }
    change.commit("Update", StatusCode::OK)
}

/// A change of one file, as the caller wants it.
struct Change<'a> {
    call: &'a Call<'a>,
    found: Found,
    body: Value,
    path: String,
    content: Vec<u8>,
    /// The branch that it begins on, and the one that gets it.
    from: String,
    to: String,
    /// What the file holds now.
    old: Option<Vec<u8>>,
}

impl<'a> Change<'a> {
    fn read(call: &'a Call<'a>) -> Result<Self, Response<Body>> {
        let found = call.repository(Access::Write, "user should have a permission to write to the target branch")?;
        let body = call.body()?;
        let path = call.rest(1);
        let content = text(&body, "content").unwrap_or_default();
        let content = STANDARD.decode(content).map_err(|error| {
            let place = match error {
                DecodeError::InvalidByte(place, _) | DecodeError::InvalidLastSymbol { offset: place, .. } => place,
                _ => content.len(),
            };
            let message = format!("illegal base64 data at input byte {place}");
            call.refusal(StatusCode::UNPROCESSABLE_ENTITY, &message)
        })?;
        let named = |member: &str| text(&body, member).filter(|name| !name.is_empty()).map(ToOwned::to_owned);
        let from = named("branch").unwrap_or_else(|| found.facts.default_branch.clone());
        let to = named("new_branch").unwrap_or_else(|| from.clone());
        let old = call.forge.stores.repositories.file(&found.facts.owner, &found.facts.name, &from, &path);
        Ok(Self { call, found, body, path, content, from, to, old })
    }

    fn commit(self, word: &str, status: StatusCode) -> Reply {
        let Self { call, found, body, path, content, from, to, .. } = self;
        let (owner, name, repositories) = (&found.facts.owner, &found.facts.name, &call.forge.stores.repositories);
        let no_branch = |branch: &str| {
            let message = format!("branch does not exist [repo_id: {} name: {branch}]", found.facts.id);
            call.refusal(StatusCode::NOT_FOUND, &message)
        };
        if from != to {
            repositories.create_branch(owner, name, &to, &from).map_err(|error| match error {
                BranchError::Exists => {
                    call.refusal(StatusCode::UNPROCESSABLE_ENTITY, &format!("branch already exists [name: {to}]"))
                }
                _ => no_branch(&from),
            })?;
        }
        let message = text(&body, "message").filter(|message| !message.is_empty());
        let message = message.map_or_else(|| format!("{word} {path}"), ToOwned::to_owned);
        let commit = repositories.commit_file(owner, name, &to, &path, &content, &message);
        let commit = commit.map_err(|error| match error {
            CommitError::NoBranch => no_branch(&to),
            CommitError::NoRepository => call.not_found(),
            CommitError::BadPath => call.refusal(
                StatusCode::UNPROCESSABLE_ENTITY,
                &format!("path contains a malformed path component [path: {path}]"),
            ),
        })?;
        let value = json!({
            "content": file(call, &found, &commit, &path, &content),
            "commit": shapes::file_commit(&call.links, &found.name(), &commit),
            "verification": { "verified": false, "reason": "gpg.error.not_signed_commit", "signature": "", "signer": null, "payload": "" },
        });
        Ok(answer::api(status, &value))
    }
}
