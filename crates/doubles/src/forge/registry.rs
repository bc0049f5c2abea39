//! The container registry, as far as clients come to find out how to sign in.
//!
//! Its path is `/v2/` at the root of the origin, whatever prefix the forge has: the container tools know no other.

use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::{Value, json};
use serve::Body;

use super::auth::{self, Identity};
use super::settings::Flavour;
use super::{State, answer, clock, links};

/// How long a token opens the registry, in seconds.
const TOKEN_SECONDS: u64 = 24 * 60 * 60;
/// Who hasn't signed in has a token as well, of nobody's.
const NOBODY: i64 = -1;

/// Answers below `/v2/`.
pub(super) fn answer(forge: &State, parts: &Parts, path: &[&str]) -> Response<Body> {
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    match path {
        [] | ["_catalog" | "token"] if !reads => return answer::wrong_method("GET"),
        ["token"] => return token(forge, parts),
        _ => {}
    }
    if !is_known(forge, parts) {
        return unauthorized(forge, parts);
    }
    match path {
        [] => versioned(answer::bare(StatusCode::OK)),
        ["_catalog"] => versioned(json(StatusCode::OK, &json!({ "repositories": [] }))),
        // Nothing can be pushed here, so there is nothing.
        [_, .., "manifests", _] => refused(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
        [_, .., "blobs", "uploads"] => refused(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED"),
        [_, .., "blobs", _] => refused(StatusCode::NOT_FOUND, "BLOB_UNKNOWN"),
        [_, .., "tags", "list"] => refused(StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
        _ => answer::words(StatusCode::NOT_FOUND, "404 page not found"),
    }
}

/// By the registry's own token, or by what else opens the forge.
fn is_known(forge: &State, parts: &Parts) -> bool {
    let own = auth::bearer(&parts.headers).and_then(|token| forge.stores.key.verify(token, clock::now()));
    match own.as_ref().and_then(|claims| claims.get("UserID")).and_then(Value::as_i64) {
        Some(NOBODY) => !forge.settings.require_sign_in,
        Some(_) => true,
        None => matches!(auth::identify(forge, parts), Ok(Some(_))),
    }
}

/// A token for whoever asks, as the forges hand them out.
fn token(forge: &State, parts: &Parts) -> Response<Body> {
    let user = match auth::identify(forge, parts) {
        Ok(Some(Identity { user, .. })) => json!(user.id),
        Ok(None) if !forge.settings.require_sign_in => json!(NOBODY),
        _ => return unauthorized(forge, parts),
    };
    let now = clock::now();
    match forge.stores.key.sign(&json!({ "exp": now + TOKEN_SECONDS, "nbf": now, "UserID": user })) {
        Ok(token) => answer::api(StatusCode::OK, &json!({ "token": token })),
        Err(error) => answer::failed(&error),
    }
}

/// Where a token is to be had: Forgejo says so by its `ROOT_URL`, below its prefix; Gitea at the root of the origin.
fn unauthorized(forge: &State, parts: &Parts) -> Response<Body> {
    let (realm, basic) = match forge.settings.flavour {
        Flavour::Forgejo => (forge.settings.base().to_owned(), None),
        Flavour::Gitea => (
            links::origin(&forge.settings, &parts.headers),
            Some(HeaderValue::from_static("Basic realm=\"Gitea Container Registry\"")),
        ),
    };
    let mut answer = refused(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    let bearer = format!("Bearer realm=\"{realm}/v2/token\",service=\"container_registry\",scope=\"*\"");
    for challenge in HeaderValue::from_str(&bearer).ok().into_iter().chain(basic) {
        answer.headers_mut().append(header::WWW_AUTHENTICATE, challenge);
    }
    answer
}

fn refused(status: StatusCode, code: &str) -> Response<Body> {
    versioned(json(status, &json!({ "errors": [{ "code": code, "message": "" }] })))
}

fn json(status: StatusCode, value: &Value) -> Response<Body> {
    answer::content(status, "application/json", format!("{value}\n"))
}

fn versioned(mut answer: Response<Body>) -> Response<Body> {
    answer.headers_mut().insert("docker-distribution-api-version", HeaderValue::from_static("registry/2.0"));
    answer
}
