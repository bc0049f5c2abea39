//! The JSON that the API and the webhooks tell things in. Field by field as the real ones have it; what the double has no idea of has the
//! value that a fresh forge gives it.

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::clock::rfc3339;
use super::links::Links;
use super::records::{Access, Record};
use super::repositories::{Commit, Person, RepositoryFacts};
use super::settings::Flavour;
use super::users::User;
use crate::random::hexadecimal;

/// The moment that stands for none.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// Where a user's picture is.
pub(super) fn avatar(links: &Links, user: &User) -> String {
    let hash = hexadecimal(digest(&SHA256, user.email.to_lowercase().as_bytes()).as_ref());
    links.html(&format!("avatars/{}", &hash[..32]))
}

/// A user, as themselves or an administrator sees them; to others they are neither an administrator nor active.
pub(super) fn user(links: &Links, user: &User, open: bool) -> Value {
    json!({
        "id": user.id,
        "login": user.name,
        "login_name": "",
        "source_id": 0,
        "full_name": "",
        "email": user.email,
        "avatar_url": avatar(links, user),
        "html_url": links.html(&user.name),
        "language": "",
        "is_admin": open && user.admin,
        "last_login": if open { rfc3339(0) } else { NEVER.to_owned() },
        "created": rfc3339(user.created),
        "restricted": false,
        "active": open,
        "prohibit_login": false,
        "location": "",
        "website": "",
        "description": "",
        "visibility": "public",
        "followers_count": 0,
        "following_count": 0,
        "starred_repos_count": 0,
        "username": user.name,
    })
}

/// Somebody who has no account (any more).
pub(super) fn ghost(links: &Links) -> Value {
    json!({ "id": -1, "login": "Ghost", "email": "", "avatar_url": links.html("assets/img/avatar_default.png"), "username": "Ghost" })
}

/// What a repository's JSON is made of.
pub(super) struct RepositoryView<'a> {
    pub(super) flavour: Flavour,
    pub(super) facts: &'a RepositoryFacts,
    pub(super) record: &'a Record,
    /// As JSON.
    pub(super) owner: Value,
    pub(super) branches: usize,
    pub(super) access: Access,
}

/// A repository, as somebody with this access sees it.
pub(super) fn repository(links: &Links, view: &RepositoryView<'_>) -> Value {
    let (facts, record) = (view.facts, view.record);
    let full_name = facts.full_name();
    let (issues, pulls) = record.open();
    let mut value = json!({
        "id": facts.id,
        "owner": view.owner,
        "name": facts.name,
        "full_name": full_name,
        "description": record.description,
        "empty": facts.empty,
        "private": facts.private,
        "fork": false,
        "template": false,
        "mirror": false,
        "size": 0,
        "language": "",
        "languages_url": links.api(&format!("repos/{full_name}/languages")),
        "html_url": links.html(&full_name),
        "url": links.api(&format!("repos/{full_name}")),
        "link": "",
        "ssh_url": links.ssh(&full_name),
        "clone_url": links.html(&format!("{full_name}.git")),
        "original_url": "",
        "website": "",
        "stars_count": 0,
        "forks_count": 0,
        "watchers_count": 1,
        "branch_count": view.branches,
        "open_issues_count": issues,
        "open_pr_counter": pulls,
        "release_counter": 0,
        "default_branch": facts.default_branch,
        "archived": false,
        "created_at": rfc3339(record.created),
        "updated_at": rfc3339(record.updated),
        "archived_at": rfc3339(0),
        "permissions": {
            "admin": view.access >= Access::Admin,
            "push": view.access >= Access::Write,
            "pull": view.access >= Access::Read,
        },
    });
    merge(&mut value, features());
    if view.flavour == Flavour::Gitea {
        merge(&mut value, json!({ "licenses": [], "allow_manual_merge": false, "autodetect_manual_merge": false }));
    }
    value
}

/// What can be switched on and off for a repository, as a fresh one has it.
fn features() -> Value {
    json!({
        "has_code": true,
        "has_issues": true,
        "internal_tracker": {
            "enable_time_tracker": true,
            "allow_only_contributors_to_track_time": true,
            "enable_issue_dependencies": true,
        },
        "has_wiki": true,
        "has_pull_requests": true,
        "has_projects": true,
        "projects_mode": "all",
        "has_releases": true,
        "has_packages": true,
        "has_actions": false,
        "ignore_whitespace_conflicts": false,
        "allow_merge_commits": true,
        "allow_rebase": true,
        "allow_rebase_explicit": true,
        "allow_squash_merge": true,
        "allow_fast_forward_only_merge": true,
        "allow_rebase_update": true,
        "default_delete_branch_after_merge": false,
        "default_merge_style": "merge",
        "default_allow_maintainer_edit": true,
        "avatar_url": "",
        "internal": false,
        "mirror_interval": "",
        "object_format_name": "sha1",
        "mirror_updated": NEVER,
        "topics": [],
    })
}

/// Adds an object's members to another.
fn merge(value: &mut Value, more: Value) {
    if let (Value::Object(members), Value::Object(more)) = (value, more) {
        members.extend(more);
    }
}

fn person(person: &Person) -> Value {
    json!({ "name": person.name, "email": person.email, "username": person.name })
}

fn dated(person: &Person) -> Value {
    json!({ "name": person.name, "email": person.email, "date": rfc3339(person.time) })
}

fn unsigned() -> Value {
    json!({ "verified": false, "reason": "gpg.error.not_signed_commit", "signature": "", "signer": null, "payload": "" })
}

/// A message as git keeps it: with the end of its last line.
fn message(commit: &Commit) -> String {
    format!("{}\n", commit.message.trim_end_matches('\n'))
}

/// A commit, as branches and webhooks tell of it; webhooks say which files changed.
pub(super) fn branch_commit(links: &Links, full_name: &str, commit: &Commit, files: bool) -> Value {
    json!({
        "id": commit.id,
        "message": message(commit),
        "url": links.html(&format!("{full_name}/commit/{}", commit.id)),
        "author": person(&commit.author),
        "committer": person(&commit.committer),
        "verification": if files { Value::Null } else { unsigned() },
        "timestamp": rfc3339(commit.committer.time),
        "added": files.then_some(&commit.added),
        "removed": files.then_some(&commit.removed),
        "modified": files.then_some(&commit.modified),
    })
}

/// A branch with its newest commit.
pub(super) fn branch(links: &Links, full_name: &str, commit: &Commit, access: Access) -> Value {
    json!({
        "name": commit.branch,
        "commit": branch_commit(links, full_name, commit, false),
        "protected": false,
        "required_approvals": 0,
        "enable_status_check": false,
        "status_check_contexts": [],
        "user_can_push": access >= Access::Write,
        "user_can_merge": access >= Access::Write,
        "effective_branch_protection_name": "",
    })
}

/// A commit, as git's own endpoints tell of it.
pub(super) fn git_commit(links: &Links, full_name: &str, commit: &Commit, author: &Value) -> Value {
    let url = |id: &str| links.api(&format!("repos/{full_name}/git/commits/{id}"));
    let created = rfc3339(commit.committer.time);
    let parents: Vec<Value> =
        commit.before.iter().map(|id| json!({ "url": url(id), "sha": id, "created": NEVER })).collect();
    let files: Vec<Value> = [("added", &commit.added), ("removed", &commit.removed), ("modified", &commit.modified)]
        .iter()
        .flat_map(|(status, names)| names.iter().map(move |name| json!({ "filename": name, "status": status })))
        .collect();
    json!({
        "url": url(&commit.id),
        "sha": commit.id,
        "created": created,
        "html_url": links.html(&format!("{full_name}/commit/{}", commit.id)),
        "commit": {
            "url": url(&commit.id),
            "author": dated(&commit.author),
            "committer": dated(&commit.committer),
            "message": message(commit),
            "tree": {
                "url": links.api(&format!("repos/{full_name}/git/trees/{}", commit.tree)),
                "sha": commit.tree,
                "created": created,
            },
            "verification": unsigned(),
        },
        "author": author,
        "committer": author,
        "parents": parents,
        "files": files,
    })
}

/// A commit, as the answer to a change of a file tells of it.
pub(super) fn file_commit(links: &Links, full_name: &str, commit: &Commit) -> Value {
    let url = |id: &str| links.api(&format!("repos/{full_name}/git/commits/{id}"));
    let parents: Vec<Value> =
        commit.before.iter().map(|id| json!({ "url": url(id), "sha": id, "created": NEVER })).collect();
    json!({
        "url": url(&commit.id),
        "sha": commit.id,
        "created": NEVER,
        "html_url": links.html(&format!("{full_name}/commit/{}", commit.id)),
        "author": dated(&commit.author),
        "committer": dated(&commit.committer),
        "parents": parents,
        "message": message(commit),
        "tree": {
            "url": links.api(&format!("repos/{full_name}/git/trees/{}", commit.tree)),
            "sha": commit.tree,
            "created": NEVER,
        },
    })
}
