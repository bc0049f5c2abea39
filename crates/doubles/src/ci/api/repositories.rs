//! Repositories: which there are, activate one, let it go.

use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use serve::Body;

use crate::ci::model::{Permission, RemoteRepository, Repository, User};
use crate::ci::remote::RemoteError;
use crate::ci::session::query;
use crate::ci::token::{self, Kind};
use crate::ci::{State, answer, sign_in};
use crate::random;

/// How many repositories are remembered.
const CAPACITY: usize = 1000;

/// Somebody's repositories: the active ones with their last pipeline; with `all`, what the forge has too.
pub(super) async fn of_user(state: &State, user: &User, parts: &Parts) -> Response<Body> {
    let name = query(parts, "name").unwrap_or_default().to_lowercase();
    let remote = match seen(state, user).await {
        Ok(remote) => remote,
        Err(error) => {
            let message = format!("Error fetching repository list. {error}");
            return answer::text(StatusCode::INTERNAL_SERVER_ERROR, message);
        }
    };
    let all = query(parts, "all").is_some_and(|all| matches!(all.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"));
    let data = state.store.lock();
    let mut shown: Vec<Value> = Vec::new();
    for repository in remote.iter().filter(|it| it.full_name.to_lowercase().contains(&name)) {
        let known = data.repository_by_remote_id(&repository.remote_id);
        match known {
            Some(known) if all && repository.permission.push => {
                shown.push(Repository { remote: repository.clone(), ..known.clone() }.to_json());
            }
            Some(known) if !all && known.active => {
                let mut value = known.to_json();
                if let Some(last) = data.pipelines_of(known.id).next() {
                    value["last_pipeline"] = last.to_json(false);
                }
                shown.push(value);
            }
            None if all && repository.permission.admin => {
                shown.push(Repository { remote: repository.clone(), ..Repository::default() }.to_json());
            }
            _ => {}
        }
    }
    answer::json(&shown.into())
}

async fn seen(state: &State, user: &User) -> Result<Vec<RemoteRepository>, RemoteError> {
    let token = sign_in::fresh_token(state, user).await;
    state.remote().repositories(&token).await
}

/// Asks the forge for what somebody sees, and takes over what changed about repositories that are known.
///
/// # Errors
/// The forge doesn't tell.
pub(in crate::ci) async fn refresh(state: &State, user: &User) -> Result<(), RemoteError> {
    for remote in seen(state, user).await? {
        let mut data = state.store.lock();
        let known = data.repositories.values_mut().find(|known| known.remote.remote_id == remote.remote_id);
        if let Some(known) = known {
            known.remote = remote;
        }
    }
    Ok(())
}

/// The same, on demand.
pub(super) async fn refresh_all(state: &State, user: &User) -> Response<Body> {
    match refresh(state, user).await {
        Ok(()) => answer::json(&"Ok".into()),
        Err(error) => {
            state.error("Can't update repo permissions", &error.to_string());
            answer::bare(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// All that are known.
pub(super) fn all(state: &State) -> Response<Body> {
    answer::json(&state.store.lock().repositories.values().map(Repository::to_json).collect())
}

/// What somebody may do with a repository: what the forge lets them, and an administrator everything.
pub(super) async fn permission(state: &State, repository: &Repository, visitor: Option<&User>) -> Permission {
    let public = Permission { pull: !repository.remote.private, ..Permission::default() };
    let Some(user) = visitor else { return public };
    if user.admin {
        return Permission { pull: true, push: true, admin: true };
    }
    let token = sign_in::fresh_token(state, user).await;
    match state.remote().repository(&token, &repository.remote.remote_id).await {
        Ok(remote) => Permission { pull: remote.permission.pull || public.pull, ..remote.permission },
        Err(_) => public,
    }
}

pub(super) fn permissions(permission: Permission) -> Response<Body> {
    let Permission { pull, push, admin } = permission;
    answer::json(&json!({ "pull": pull, "push": push, "admin": admin, "synced": 0, "created": 0, "updated": 0 }))
}

/// Activates a repository: from now on the forge tells of its pushes.
pub(super) async fn activate(state: &State, user: &User, parts: &Parts) -> Response<Body> {
    let text = |status, words: &'static str| answer::text(status, words);
    let remote_id = query(parts, "forge_remote_id").unwrap_or_default();
    if matches!(remote_id.as_str(), "" | "0") {
        return text(StatusCode::BAD_REQUEST, "No forge_remote_id provided");
    }
    let known = state.store.lock().repository_by_remote_id(&remote_id).cloned();
    if known.as_ref().is_some_and(|known| known.active) {
        return text(StatusCode::CONFLICT, "Repository is already active.");
    }
    let token = sign_in::fresh_token(state, user).await;
    let remote = match state.remote().repository(&token, &remote_id).await {
        Ok(remote) => remote,
        Err(error) => {
            state.error("Could not fetch repository from forge.", &error.to_string());
            return text(StatusCode::INTERNAL_SERVER_ERROR, "Could not fetch repository from forge.");
        }
    };
    if !remote.permission.admin {
        return text(StatusCode::FORBIDDEN, "User has to be a admin of this repository");
    }
    let hash = match known.as_ref().map_or_else(|| random::token(32), |known| Ok(known.hash.clone())) {
        Ok(hash) => hash,
        Err(error) => {
            state.error("could not generate new jwt token.", &error.to_string());
            return text(StatusCode::INTERNAL_SERVER_ERROR, "could not generate new jwt token.");
        }
    };
    let (id, organization) = known.map_or((0, user.id), |it| (it.id, it.organization));
    let mut repository = Repository { id, remote, active: true, user: Some(user.id), organization, hash };
    if let Err(error) = add_hook(state, &token, &repository).await {
        state.error("could not create webhook in forge.", &error.to_string());
        return text(StatusCode::INTERNAL_SERVER_ERROR, "could not create webhook in forge.");
    }
    let mut data = state.store.lock();
    if repository.id == 0 {
        // Somebody else may have been quicker.
        if data.repository_by_remote_id(&remote_id).is_some() {
            return text(StatusCode::CONFLICT, "Repository is already active.");
        }
        if data.repositories.len() == CAPACITY {
            return text(StatusCode::INTERNAL_SERVER_ERROR, "the ci double has no room for another repository");
        }
        repository.id = data.next_id("repositories");
    }
    data.repositories.insert(repository.id, repository.clone());
    answer::json(&repository.to_json())
}

async fn add_hook(state: &State, token: &str, repository: &Repository) -> Result<(), RemoteError> {
    let claims = [("repo-forge-remote-id", &*repository.remote.remote_id), ("forge-id", "1")];
    let proof = token::sign(Kind::Hook, &claims, &repository.hash, None);
    let url = format!("{}/api/hook?access_token={proof}", state.settings.webhook_host);
    state.remote().add_hook(token, &repository.remote, &url, &repository.hash).await
}

/// Lets a repository go; with `remove`, forgets it.
pub(super) async fn remove(state: &State, mut repository: Repository, user: &User, parts: &Parts) -> Response<Body> {
    let forget =
        query(parts, "remove").is_some_and(|it| matches!(it.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"));
    let token = sign_in::fresh_token(state, user).await;
    let hook = state.remote().remove_hook(&token, &repository.remote, &state.settings.webhook_host).await;
    if let Err(error) = hook {
        state.error(&format!("could not deactivate repo [{}] on forge", repository.id), &error.to_string());
        // A repository that is gone at the forge, or is to be forgotten here, needs no care there.
        if !forget && matches!(error, RemoteError::Other(_)) {
            return answer::bare(StatusCode::INTERNAL_SERVER_ERROR);
        }
    }
    let mut data = state.store.lock();
    if forget {
        data.remove_repository(repository.id);
    } else {
        repository.active = false;
        repository.user = None;
        data.repositories.insert(repository.id, repository.clone());
    }
    answer::json(&repository.to_json())
}

/// Makes a repository's webhook anew.
pub(super) async fn repair(state: &State, mut repository: Repository, user: &User) -> Response<Body> {
    let token = sign_in::fresh_token(state, user).await;
    let made = async {
        repository.remote = state.remote().repository(&token, &repository.remote.remote_id).await?;
        let host = &state.settings.webhook_host;
        if let Err(error) = state.remote().remove_hook(&token, &repository.remote, host).await {
            state.error("deactivate repo to repair failed", &error.to_string());
        }
        add_hook(state, &token, &repository).await
    };
    match made.await {
        Ok(()) => {
            state.store.lock().repositories.insert(repository.id, repository);
            answer::bare(StatusCode::NO_CONTENT)
        }
        Err(error) => {
            state.error("repair repo failed", &error.to_string());
            answer::bare(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
