//! The REST API, version 1: what a CI server and our journeys ask of it, in the forms that the real one has.

mod admin;
mod applications;
mod branches;
mod call;
mod collaborators;
mod commits;
mod contents;
mod hooks;
mod issues;
mod labels;
mod meta;
pub(super) mod pulls;
mod repositories;
mod routes;
mod statuses;
mod tokens;
mod users;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use serve::Body;

use super::records::Access;
use super::repositories::RepositoryFacts;
use super::settings::Flavour;
use super::users::User;
use super::{State, answer};
use call::Call;

/// What an action answers; `Err` where it had to stop.
type Reply = Result<Response<Body>, Response<Body>>;

/// Answers below `/api/VERSION/`.
pub(super) fn answer(forge: &State, parts: &Parts, version: &str, path: &[&str], content: Bytes) -> Response<Body> {
    let missing = || answer::words(StatusCode::NOT_FOUND, "404 page not found");
    if version == "forgejo" {
        // Forgejo's own API, of which everybody asks but its version.
        let is_there = forge.settings.flavour == Flavour::Forgejo && path == ["v1", "version"];
        return if is_there { meta::version_of(forge) } else { missing() };
    }
    let Some(actions) = routes::find(path) else { return missing() };
    let method = if parts.method == Method::HEAD { &Method::GET } else { &parts.method };
    let Some((_, action)) = actions.iter().find(|(name, _)| *name == method.as_str()) else {
        let allowed: Vec<&str> = actions.iter().map(|(name, _)| *name).collect();
        let mut answer = answer::bare(StatusCode::METHOD_NOT_ALLOWED);
        if let Ok(value) = HeaderValue::from_str(&allowed.join(", ")) {
            answer.headers_mut().insert(header::ALLOW, value);
        }
        return answer;
    };
    Call::begin(forge, parts, path, content).and_then(|call| action(&call)).unwrap_or_else(|refusal| refusal)
}

/// What somebody, or a stranger, may do with a repository.
pub(super) fn access(forge: &State, facts: &RepositoryFacts, user: Option<&User>) -> Access {
    let public =
        if facts.private || (forge.settings.require_sign_in && user.is_none()) { Access::None } else { Access::Read };
    let Some(user) = user else { return public };
    if user.name.eq_ignore_ascii_case(&facts.owner) {
        return Access::Owner;
    }
    if user.admin {
        return Access::Admin;
    }
    let given = forge.stores.records.with(facts.id, |record| record.collaborators.get(&user.id).copied());
    given.unwrap_or(public)
}

/// A file as it is.
pub(super) fn raw(content: Vec<u8>) -> Response<Body> {
    let kind =
        if std::str::from_utf8(&content).is_ok() { "text/plain; charset=utf-8" } else { "application/octet-stream" };
    let mut answer = answer::content(StatusCode::OK, kind, content);
    // What somebody committed mustn't act in the forge's name.
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}
