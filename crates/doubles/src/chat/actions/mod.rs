//! What an answer proposes and a person may confirm: pipelines, issues, pull requests.

mod api;
mod endpoint;
mod markup;
mod payload;
mod perform;

pub(super) use endpoint::{Done, click};
pub(super) use markup::proposals;

use super::State;

/// The types that there are here: those whose token is given.
pub(super) fn kinds(state: &State) -> Vec<&'static str> {
    let forge = state.settings.forge_token.is_some();
    let all = [("ci-run", state.settings.ci.is_some()), ("issue-create", forge), ("pr-create", forge)];
    all.into_iter().filter(|(_, is_there)| *is_there).map(|(kind, _)| kind).collect()
}
