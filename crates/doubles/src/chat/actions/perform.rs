//! Actions carried out, and read back.

use serde_json::{Value, json};

use super::api::{Api, Failure};
use super::payload::Action;
use crate::chat::State;

/// Something that was done, and is there.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) number: u64,
    /// Its page, for browsers.
    pub(super) url: String,
    pub(super) summary: String,
    pub(super) response: Value,
}

pub(super) async fn perform(state: &State, action: &Action) -> Result<Made, Failure> {
    let Some(repository) = action.repository.as_deref() else {
        return Err(Failure::new("not_configured", "FORGE_OWNER and FORGE_REPO aren't set"));
    };
    match action.kind {
        "ci-run" => run(state, action, repository).await,
        "issue-create" => issue(state, action, repository).await,
        _ => pull(state, action, repository).await,
    }
}

fn forge(state: &State) -> Api<'_> {
    let base = format!("{}/api/v1", state.settings.forge);
    let authorization = format!("token {}", state.settings.forge_token.as_deref().unwrap_or_default());
    Api { state, name: "forge", base, authorization }
}

async fn issue(state: &State, action: &Action, repository: &str) -> Result<Made, Failure> {
    let api = forge(state);
    let root = format!("/repos/{repository}");
    api.get(&root).await?;
    let mut labels = Vec::new();
    if !action.labels().is_empty() {
        let known = api.get(&format!("{root}/labels?limit=50")).await?;
        for name in action.labels() {
            let is_it = |label: &&Value| label["name"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(name.trim()));
            match known.as_array().into_iter().flatten().find(is_it) {
                Some(label) => labels.push(label["id"].clone()),
                None => return Err(Failure::new("unknown_label", format!("{repository} has no label `{name}`"))),
            }
        }
    }
    let title = action.text("title").trim();
    let body = json!({ "title": title, "body": action.text("body"), "labels": labels });
    let made = api.post(&format!("{root}/issues"), &body).await?;
    let number = number(&made)?;
    let there = api.get(&format!("{root}/issues/{number}")).await;
    if !there.is_ok_and(|there| there["title"] == title) {
        return Err(lost(&made));
    }
    Ok(Made {
        number,
        url: format!("{}/{repository}/issues/{number}", state.settings.forge_public),
        summary: format!("Issue {repository}#{number} was created: {title}"),
        response: made,
    })
}

async fn pull(state: &State, action: &Action, repository: &str) -> Result<Made, Failure> {
    let api = forge(state);
    let root = format!("/repos/{repository}");
    api.get(&root).await?;
    let (head, base, title) = (action.text("head"), action.text("base"), action.text("title").trim());
    let body = json!({ "head": head, "base": base, "title": title, "body": action.text("body") });
    let made = api.post(&format!("{root}/pulls"), &body).await?;
    let number = number(&made)?;
    let there = api.get(&format!("{root}/pulls/{number}")).await;
    if !there.is_ok_and(|there| there["head"]["ref"] == head && there["base"]["ref"] == base) {
        return Err(lost(&made));
    }
    Ok(Made {
        number,
        url: format!("{}/{repository}/pulls/{number}", state.settings.forge_public),
        summary: format!("Pull request {repository}#{number} was created, from {head} to {base}: {title}"),
        response: made,
    })
}

async fn run(state: &State, action: &Action, repository: &str) -> Result<Made, Failure> {
    let Some(settings) = state.settings.ci.as_ref() else {
        return Err(Failure::new("not_configured", "WOODPECKER_TOKEN isn't set"));
    };
    let authorization = format!("Bearer {}", settings.token);
    let api = Api { state, name: "CI", base: format!("{}/api", settings.url), authorization };
    let found = api.get(&format!("/repos/lookup/{repository}")).await?;
    let Some(id) = found["id"].as_u64() else {
        return Err(Failure::new("wrong_address", "a repository was expected of the CI, and something else came"));
    };
    let branch = action.text("branch");
    let root = format!("/repos/{id}/pipelines");
    let made = api.post(&root, &json!({ "branch": branch })).await?;
    let number = number(&made)?;
    if !api.get(&format!("{root}/{number}")).await.is_ok_and(|there| there["branch"] == branch) {
        return Err(lost(&made));
    }
    Ok(Made {
        number,
        url: format!("{}/repos/{id}/pipeline/{number}", settings.public),
        summary: format!("Pipeline {number} of {repository} runs on {branch}."),
        response: made,
    })
}

fn number(made: &Value) -> Result<u64, Failure> {
    made["number"].as_u64().filter(|number| *number > 0).ok_or_else(|| lost(made))
}

/// What was done can't be read back.
fn lost(made: &Value) -> Failure {
    let message = "it says that it is done, and it can't be read back as it should be; look there";
    Failure { unclear: true, response: made.clone(), ..Failure::new("not_read_back", message) }
}
