//! The REST API.

mod hook;
mod pipelines;
pub(in crate::ci) mod repositories;
mod system;
mod users;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use serve::Body;

use super::model::User;
use super::route::Api;
use super::{State, answer, sign_in};

/// Answers one call.
pub(super) async fn answer(
    state: &State,
    call: &Api<'_>,
    user: Option<User>,
    parts: &Parts,
    content: &Bytes,
) -> Response<Body> {
    // Somebody's token for the forge is renewed with whatever they ask for, so that it never runs out while they are here.
    if let Some(user) = &user {
        sign_in::fresh_token(state, user).await;
    }
    let visitor = user.as_ref();
    match call {
        Api::Hook => return hook::receive(state, parts, content).await,
        Api::Forges => return system::forges(state),
        Api::MissingForAll => return missing(),
        Api::Lookup(_)
        | Api::Repository(_)
        | Api::Remove(_)
        | Api::Repair(_)
        | Api::Permissions(_)
        | Api::Pipelines(_)
        | Api::Trigger(_)
        | Api::Pipeline(..)
        | Api::MissingOf(_) => return of_repository(state, call, visitor, parts, content).await,
        _ => {}
    }
    let Some(user) = visitor else { return answer::unauthorized() };
    match call {
        Api::User => answer::json(&user.to_json()),
        Api::MakeToken => users::make_token(user),
        Api::ResetToken => users::reset_token(state, user),
        Api::UserRepositories => repositories::of_user(state, user, parts).await,
        Api::RefreshRepositories => repositories::refresh_all(state, user).await,
        Api::Activate => repositories::activate(state, user, parts).await,
        Api::Missing => missing(),
        _ if !user.admin => answer::text(StatusCode::FORBIDDEN, "User not authorized"),
        Api::AllRepositories => repositories::all(state),
        Api::QueueInfo => system::queue(state),
        Api::Agents => system::agents(state),
        _ => missing(),
    }
}

/// Calls about one repository: what somebody may do there decides.
async fn of_repository(
    state: &State,
    call: &Api<'_>,
    visitor: Option<&User>,
    parts: &Parts,
    content: &Bytes,
) -> Response<Body> {
    let found = match call {
        Api::Lookup(name) => {
            let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
            Ok(state.store.lock().repository_by_name(name.trim_start_matches('/')).cloned())
        }
        Api::Repository(id)
        | Api::Remove(id)
        | Api::Repair(id)
        | Api::Permissions(id)
        | Api::Pipelines(id)
        | Api::Trigger(id)
        | Api::Pipeline(id, _)
        | Api::MissingOf(id) => id.parse::<u64>().map(|id| state.store.lock().repositories.get(&id).cloned()),
        _ => Ok(None),
    };
    let repository = match found {
        Err(_) => return answer::bare(StatusCode::BAD_REQUEST),
        Ok(Some(repository)) => repository,
        Ok(None) if visitor.is_none() => return answer::bare(StatusCode::UNAUTHORIZED),
        Ok(None) => return answer::bare(StatusCode::NOT_FOUND),
    };
    let permission = repositories::permission(state, &repository, visitor).await;
    if let Api::Permissions(_) = call {
        return repositories::permissions(permission);
    }
    // Those who may not see a repository don't learn that it is there.
    let hidden = || answer::bare(if visitor.is_some() { StatusCode::NOT_FOUND } else { StatusCode::UNAUTHORIZED });
    if !permission.pull {
        return hidden();
    }
    match call {
        Api::Lookup(_) | Api::Repository(_) => answer::json(&repository.to_json()),
        Api::Pipelines(_) => pipelines::list(state, &repository, parts),
        Api::Pipeline(_, number) => pipelines::one(state, &repository, number, parts),
        Api::Trigger(_) => match visitor {
            Some(user) if permission.push => pipelines::trigger(state, &repository, user, content).await,
            _ => hidden(),
        },
        Api::Remove(_) | Api::Repair(_) => match visitor {
            None => answer::unauthorized(),
            Some(_) if !permission.admin => answer::text(StatusCode::FORBIDDEN, "User not authorized"),
            Some(user) if matches!(call, Api::Remove(_)) => repositories::remove(state, repository, user, parts).await,
            Some(user) => repositories::repair(state, repository, user).await,
        },
        _ => missing(),
    }
}

/// What Woodpecker has and the double doesn't: said so, rather than answered with a page.
fn missing() -> Response<Body> {
    answer::text(StatusCode::NOT_IMPLEMENTED, "the ci double doesn't have this part of Woodpecker's API")
}
