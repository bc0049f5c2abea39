//! Pipelines, by Woodpecker's API. It lives below the path of the CI's `WOODPECKER_HOST`; elsewhere the dashboard answers `200` to everything.

use http::StatusCode;
use serde_json::json;

use super::call::{Api, Trouble};
use super::{Done, Failure};
use crate::AppState;
use crate::actions::payload::CiRun;
use crate::actions::repository::Repository;

/// Runs a pipeline.
pub(super) async fn run(state: &AppState, repository: &Repository, run: &CiRun) -> Result<Done, Failure> {
    let settings = state.config.actions.ci.as_ref();
    let settings = settings.ok_or_else(|| Failure::new("not_configured", "WOODPECKER_TOKEN isn't set"))?;
    let api = Api::new("CI", &state.client, &settings.internal, "/api", "Bearer", &settings.token);
    let id = id(&api, repository).await?;
    let root = format!("/repos/{id}/pipelines");
    let made = api.post(&root, &json!({ "branch": run.branch })).await.map_err(|trouble| {
        // Woodpecker has one bare answer for all that goes wrong then, and a branch that isn't there is what mostly does.
        if let Trouble::Refused(response) = &trouble
            && response.status == StatusCode::INTERNAL_SERVER_ERROR
        {
            let message = format!(
                "the CI refused with 500, as it does where {repository} has no branch `{}` or no pipeline file on it",
                run.branch
            );
            return Failure { response: Some(response.clone()), ..Failure::new("refused", message) };
        }
        api.failure_of_change(trouble)
    })?;
    let Some(number) = made.body["number"].as_u64().filter(|number| *number > 0) else {
        return Err(api.not_there("a pipeline", made));
    };
    match api.get(&format!("{root}/{number}")).await {
        Ok(there) if there.body["number"] == number && there.body["branch"] == run.branch.as_str() => Ok(Done {
            number,
            url: format!("{}/repos/{id}/pipeline/{number}", settings.public.as_str().trim_end_matches('/')),
            summary: format!("Pipeline {number} of {repository} runs on {}.", run.branch),
            response: made,
        }),
        _ => Err(api.not_there(&format!("pipeline {number} of {repository}"), made)),
    }
}

/// The CI's own number for a repository.
async fn id(api: &Api<'_>, repository: &Repository) -> Result<u64, Failure> {
    let found = api.get(&format!("/repos/lookup/{repository}")).await.map_err(|trouble| {
        let is_unknown = matches!(&trouble, Trouble::Refused(response) if response.status == StatusCode::NOT_FOUND);
        let mut failure = api.failure(trouble);
        if is_unknown {
            failure.message = format!("the CI doesn't know {repository}; activate it there first");
        }
        failure
    })?;
    let is_it =
        found.body["full_name"].as_str().and_then(Repository::from_text).is_some_and(|name| name.is(repository));
    match found.body["id"].as_u64() {
        Some(id) if is_it => Ok(id),
        _ => {
            let message = format!("a repository was expected of the CI at {}, and something else came", api.base());
            Err(Failure { response: Some(found), ..Failure::new("wrong_address", message) })
        }
    }
}
