//! Issues and pull requests, by the forge's API (`/api/v1`, the same in Forgejo and Gitea).

use serde_json::{Value, json};

use super::call::Api;
use super::{Done, Failure, labels};
use crate::AppState;
use crate::actions::payload::{IssueCreate, PrCreate};
use crate::actions::repository::Repository;

fn api(state: &AppState) -> Result<Api<'_>, Failure> {
    let token = state.config.actions.forge_token.as_ref();
    let token = token.ok_or_else(|| Failure::new("not_configured", "FORGE_TOKEN isn't set"))?;
    Ok(Api::new("forge", &state.client, &state.config.forge.internal, "/api/v1", "token", token))
}

/// Creates an issue.
pub(super) async fn create_issue(
    state: &AppState,
    repository: &Repository,
    issue: &IssueCreate,
) -> Result<Done, Failure> {
    let api = api(state)?;
    let root = check(&api, repository).await?;
    let ids = labels::ids(&api, repository, &issue.labels).await?;
    let body = json!({ "title": issue.title, "body": issue.body, "labels": ids });
    let made = api.post(&format!("{root}/issues"), &body).await.map_err(|trouble| api.failure_of_change(trouble))?;
    let Some(number) = made.body["number"].as_u64() else {
        return Err(api.not_there("an issue", made));
    };
    let there = api.get(&format!("{root}/issues/{number}")).await;
    let has_labels = |body: &Value| {
        let there: Vec<&Value> = body["labels"].as_array().into_iter().flatten().map(|label| &label["id"]).collect();
        ids.iter().all(|id| there.contains(&&Value::from(*id)))
    };
    match there {
        Ok(there) if there.body["title"] == issue.title.as_str() && has_labels(&there.body) => Ok(Done {
            number,
            url: page(state, repository, "issues", number),
            summary: format!("Issue {repository}#{number} was created: {}", issue.title),
            response: made,
        }),
        _ => Err(api.not_there(&format!("issue {repository}#{number}"), made)),
    }
}

/// Creates a pull request.
pub(super) async fn create_pull(state: &AppState, repository: &Repository, pull: &PrCreate) -> Result<Done, Failure> {
    let api = api(state)?;
    let root = check(&api, repository).await?;
    let body = json!({ "head": pull.head, "base": pull.base, "title": pull.title, "body": pull.body });
    let made = api.post(&format!("{root}/pulls"), &body).await.map_err(|trouble| {
        let mut failure = api.failure_of_change(trouble);
        match failure.response.as_ref().map(|response| response.status.as_u16()) {
            Some(404) => {
                failure.message =
                    format!("the forge knows no branch `{}` or no branch `{}` in {repository}", pull.head, pull.base)
            }
            Some(409) => {
                failure.message = format!("there is a pull request from `{}` to `{}` already", pull.head, pull.base)
            }
            _ => {}
        }
        failure
    })?;
    let Some(number) = made.body["number"].as_u64() else {
        return Err(api.not_there("a pull request", made));
    };
    match api.get(&format!("{root}/pulls/{number}")).await {
        Ok(there)
            if there.body["head"]["ref"] == pull.head.as_str() && there.body["base"]["ref"] == pull.base.as_str() =>
        {
            Ok(Done {
                number,
                url: page(state, repository, "pulls", number),
                summary: format!(
                    "Pull request {repository}#{number} was created, from {} to {}: {}",
                    pull.head, pull.base, pull.title
                ),
                response: made,
            })
        }
        _ => Err(api.not_there(&format!("pull request {repository}#{number}"), made)),
    }
}

/// Whether the repository is there and the token good, before anything is changed. Gives where the API has it.
async fn check(api: &Api<'_>, repository: &Repository) -> Result<String, Failure> {
    let root = format!("/repos/{repository}");
    api.get(&root).await.map_err(|trouble| api.failure(trouble))?;
    Ok(root)
}

/// The page for browsers. Not the API's `html_url`: that is where the forge believes itself to be.
fn page(state: &AppState, repository: &Repository, what: &str, number: u64) -> String {
    format!("{}/{repository}/{what}/{number}", state.config.forge.public.as_str().trim_end_matches('/'))
}
