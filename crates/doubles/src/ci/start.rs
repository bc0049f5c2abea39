//! How a pipeline starts: its files are fetched at its commit, read, and given to the agents.

use super::model::{Cause, Pipeline, Repository, Status, User, Warning, Workflow};
use super::remote::{CommitState, Remote, RemoteError};
use super::workflow::Definition;
use super::{State, sign_in};

/// Words in a commit's message that keep pipelines from starting.
const SKIP: [&str; 4] = ["[skip ci]", "[ci skip]", "[skip woodpecker]", "[woodpecker skip]"];
/// The most files a folder of pipelines may have.
const MAX_FILES: usize = 50;

/// Why there is no pipeline.
#[derive(Debug)]
pub(super) enum NotStarted {
    /// There is nothing to run: no file, or none that applies.
    Filtered,
    /// Something failed.
    Failed(String),
}

/// Starts a pipeline.
pub(super) async fn start(state: &State, repository: &Repository, cause: Cause) -> Result<Pipeline, NotStarted> {
    let owner = repository.user.and_then(|id| state.store.lock().users.get(&id).cloned());
    let Some(owner) = owner else {
        return Err(NotStarted::Failed("failure to find repo owner".to_owned()));
    };
    if cause.event != "manual" && skips(&cause.message) {
        return Err(NotStarted::Filtered);
    }
    let token = sign_in::fresh_token(state, &owner).await;
    let mut pipeline = Pipeline { repository: repository.id, cause, ..Pipeline::default() };
    match files(state, &token, repository, &pipeline.cause.commit).await {
        Ok(files) => read(&mut pipeline, &files),
        Err(RemoteError::NotFound(_)) => return Err(NotStarted::Filtered),
        Err(RemoteError::Other(error)) => {
            pipeline.errors.push(format!("could not load config from forge: {error}"));
            state.error("error while fetching config", &error);
        }
    }
    if pipeline.errors.is_empty() && pipeline.workflows.is_empty() {
        return Err(NotStarted::Filtered);
    }
    if !pipeline.errors.is_empty() {
        pipeline.status = Status::Error;
        pipeline.workflows.clear();
    }
    let pipeline = {
        let mut data = state.store.lock();
        if !data.has_room() {
            return Err(NotStarted::Failed("the ci double has no room for another pipeline".to_owned()));
        }
        data.add_pipeline(pipeline)
    };
    let ended = state.store.lock().supersede(&pipeline);
    for older in &ended {
        report(state, repository, older, &owner).await;
    }
    report(state, repository, &pipeline, &owner).await;
    state.work.notify_waiters();
    Ok(pipeline)
}

fn skips(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    SKIP.iter().any(|words| message.contains(words))
}

fn read(pipeline: &mut Pipeline, files: &[(String, String)]) {
    for (path, text) in files {
        match Definition::parse(path, text) {
            Ok(definition) => {
                let steps = definition.applies(&pipeline.cause.event, &pipeline.cause.branch);
                if !steps.is_empty() {
                    let warning = |step: &str| Warning { file: definition.name.clone(), step: step.to_owned() };
                    pipeline.warnings.extend(definition.unfiltered().map(warning));
                    pipeline.workflows.push(Workflow { name: definition.name, steps, ..Workflow::default() });
                }
            }
            Err(error) => pipeline.errors.push(error),
        }
    }
}

/// The pipeline files at a commit, each with its path: of the places where they may be, the first that has some.
async fn files(
    state: &State,
    token: &str,
    repository: &Repository,
    commit: &str,
) -> Result<Vec<(String, String)>, RemoteError> {
    let remote = state.remote();
    let mut failure = None;
    for place in &state.settings.pipeline_configs {
        let found = match place.strip_suffix('/') {
            Some(folder) => folder_files(&remote, token, repository, commit, folder).await,
            None => file(&remote, token, repository, commit, place).await.map(|file| vec![file]),
        };
        match found {
            Ok(files) if !files.is_empty() => return Ok(files),
            Ok(_) | Err(RemoteError::NotFound(_)) => {}
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| RemoteError::NotFound("there is no pipeline file".to_owned())))
}

async fn folder_files(
    remote: &Remote<'_>,
    token: &str,
    repository: &Repository,
    commit: &str,
    folder: &str,
) -> Result<Vec<(String, String)>, RemoteError> {
    let paths = remote.folder(token, &repository.remote, commit, folder).await?;
    let mut files = Vec::new();
    let is_yaml = |path: &&String| path.ends_with(".yaml") || path.ends_with(".yml");
    for path in paths.iter().filter(is_yaml).take(MAX_FILES) {
        files.push(file(remote, token, repository, commit, path).await?);
    }
    Ok(files)
}

async fn file(
    remote: &Remote<'_>,
    token: &str,
    repository: &Repository,
    commit: &str,
    path: &str,
) -> Result<(String, String), RemoteError> {
    let content = remote.file(token, &repository.remote, commit, path).await?;
    if content.is_empty() {
        return Err(RemoteError::NotFound(format!("{path} is empty")));
    }
    Ok((path.to_owned(), String::from_utf8_lossy(&content).into_owned()))
}

/// Tells the forge how a pipeline's commit is. A forge that doesn't listen stops nothing.
pub(super) async fn report(state: &State, repository: &Repository, pipeline: &Pipeline, owner: &User) {
    let token = sign_in::fresh_token(state, owner).await;
    let event = if pipeline.cause.event == "pull_request" { "pr" } else { &pipeline.cause.event };
    let base = format!("{}/repos/{}/pipeline/{}", state.settings.host, repository.id, pipeline.number);
    let mut pid = 1;
    for workflow in &pipeline.workflows {
        let told = CommitState {
            commit: &pipeline.cause.commit,
            status: workflow.status,
            url: format!("{base}/{pid}"),
            context: format!("ci/woodpecker/{event}/{}", workflow.name),
        };
        pid += workflow.steps.len() + 1;
        if let Err(error) = state.remote().set_state(&token, &repository.remote, &told).await {
            state.error("error setting commit status", &error.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_become_workflows_or_errors() {
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let mut pipeline = Pipeline::default();
        pipeline.cause.event = "push".to_owned();
        let push = file(".woodpecker/a.yaml", "steps: { build: {}, test: {} }");
        let tag = file(".woodpecker/b.yaml", "when: { event: tag }\nsteps: { release: {} }");
        read(&mut pipeline, &[push.clone(), tag.clone()]);
        assert_eq!(pipeline.workflows.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["a"]);
        assert_eq!(pipeline.workflows[0].steps, ["build", "test"]);
        let warned: Vec<&str> = pipeline.warnings.iter().map(|it| it.step.as_str()).collect();
        assert_eq!(warned, ["build", "test"], "the other file names its event");
        read(&mut pipeline, &[file(".woodpecker/c.yaml", "steps: [")]);
        assert_eq!(pipeline.errors.len(), 1);
    }

    #[test]
    fn words_that_skip() {
        assert!(skips("Fix it [CI SKIP]") && skips("[skip woodpecker]") && !skips("skip ci"));
    }
}
