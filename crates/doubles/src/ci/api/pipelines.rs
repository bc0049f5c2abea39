//! Pipelines: list them, look at one, start one by hand.

use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use serde_json::Value;
use serve::Body;

use crate::ci::model::{Cause, Pipeline, Repository, User};
use crate::ci::session::query;
use crate::ci::start::{self, NotStarted};
use crate::ci::{State, answer, sign_in};

/// How many pipelines a page of the list has, unless it is asked for less.
const PAGE: usize = 50;

/// A repository's pipelines, newest first: those that the query's `branch`, `event` and `status` let pass.
pub(super) fn list(state: &State, repository: &Repository, parts: &Parts) -> Response<Body> {
    let number = |name: &str, default: usize| query(parts, name).and_then(|it| it.parse().ok()).unwrap_or(default);
    let (page, size) = (number("page", 1).max(1), number("perPage", PAGE).clamp(1, PAGE));
    let filter = |name: &str| query(parts, name).filter(|value| !value.is_empty());
    let (branch, events, status) = (filter("branch"), filter("event"), filter("status"));
    let passes = |pipeline: &&Pipeline| {
        let cause = &pipeline.cause;
        branch.as_ref().is_none_or(|branch| *branch == cause.branch)
            && events.as_ref().is_none_or(|events| events.split(',').any(|event| event == cause.event))
            && status.as_ref().is_none_or(|status| status == pipeline.status.as_str())
    };
    let data = state.store.lock();
    let wanted = data.pipelines_of(repository.id).filter(passes).skip((page - 1).saturating_mul(size)).take(size);
    answer::json(&wanted.map(|pipeline| pipeline.to_json(false)).collect())
}

/// One pipeline by its number, or the `latest` that a push to a branch made.
pub(super) fn one(state: &State, repository: &Repository, number: &str, parts: &Parts) -> Response<Body> {
    let data = state.store.lock();
    let found = if number == "latest" {
        let branch = query(parts, "branch").unwrap_or_else(|| repository.remote.branch.clone());
        data.pipelines_of(repository.id)
            .find(|pipeline| pipeline.cause.branch == branch && pipeline.cause.event == "push")
    } else {
        let Ok(number) = number.parse() else { return answer::bare(StatusCode::BAD_REQUEST) };
        data.pipeline(repository.id, number)
    };
    match found {
        Some(pipeline) => answer::json(&pipeline.to_json(true)),
        None => answer::bare(StatusCode::NOT_FOUND),
    }
}

/// Starts a pipeline by hand, on the newest commit of a branch. Where the forge doesn't know the branch, that is the server's error.
pub(super) async fn trigger(state: &State, repository: &Repository, user: &User, content: &[u8]) -> Response<Body> {
    let Ok(options) = serde_json::from_slice::<Value>(content) else { return answer::bare(StatusCode::BAD_REQUEST) };
    if !options.is_object() || !(options["branch"].is_string() || options["branch"].is_null()) {
        return answer::bare(StatusCode::BAD_REQUEST);
    }
    let branch = options["branch"].as_str().unwrap_or_default();
    let token = sign_in::fresh_token(state, user).await;
    let head = match state.remote().head(&token, &repository.remote, branch).await {
        Ok(head) => head,
        Err(error) => {
            state.error("could not fetch branch head", &error.to_string());
            return answer::bare(StatusCode::INTERNAL_SERVER_ERROR);
        }
    };
    let cause = Cause {
        event: "manual".to_owned(),
        commit: head.id,
        branch: branch.to_owned(),
        reference: branch.to_owned(),
        message: format!("MANUAL PIPELINE @ {branch}"),
        author: user.login.clone(),
        email: user.email.clone(),
        avatar: user.avatar.clone(),
        forge_url: head.url,
        ..Cause::default()
    };
    started(state, start::start(state, repository, cause).await)
}

/// What became of a pipeline that was asked for.
pub(super) fn started(state: &State, result: Result<Pipeline, NotStarted>) -> Response<Body> {
    match result {
        Ok(pipeline) => answer::json(&pipeline.to_json(true)),
        Err(NotStarted::Filtered) => {
            let mut answer = answer::bare(StatusCode::NO_CONTENT);
            answer.headers_mut().insert("pipeline-filtered", HeaderValue::from_static("true"));
            answer
        }
        Err(NotStarted::Failed(error)) => {
            state.error("could not create pipeline", &error);
            answer::bare(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
