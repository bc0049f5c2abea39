//! Which action is at which path.

use super::call::Call;
use super::{
    Reply, admin, applications, branches, collaborators, commits, contents, hooks, issues, labels, meta, pulls,
    repositories, statuses, tokens, users,
};

/// Does what a call asks for.
pub(super) type Action = fn(&Call<'_>) -> Reply;

/// The methods of a path, each with its action; `None` where there is no such path.
pub(super) fn find(path: &[&str]) -> Option<&'static [(&'static str, Action)]> {
    if let ["repos", owner, _, rest @ ..] = path
        && *owner != "issues"
    {
        return of_repository(rest);
    }
    Some(match path {
        ["version"] => &[("GET", meta::version)],
        ["settings", "api"] => &[("GET", meta::api_settings)],
        ["settings", "repository"] => &[("GET", meta::repository_settings)],
        ["settings", "attachment"] => &[("GET", meta::attachment_settings)],
        ["settings", "ui"] => &[("GET", meta::ui_settings)],
        ["user"] => &[("GET", users::me)],
        ["user", "emails"] => &[("GET", users::emails)],
        ["user", "orgs" | "teams" | "keys"] => &[("GET", users::none)],
        ["user", "repos"] => &[("GET", repositories::mine), ("POST", repositories::create)],
        ["user", "applications", "oauth2"] => &[("GET", applications::list), ("POST", applications::create)],
        ["user", "applications", "oauth2", _] => {
            &[("GET", applications::get), ("PATCH", applications::update), ("DELETE", applications::remove)]
        }
        ["users", _] => &[("GET", users::one)],
        ["users", _, "orgs" | "keys"] => &[("GET", users::none)],
        ["users", _, "repos"] => &[("GET", repositories::of_user)],
        ["users", _, "tokens"] => &[("GET", tokens::list), ("POST", tokens::create)],
        ["users", _, "tokens", _] => &[("DELETE", tokens::remove)],
        ["orgs", _] => &[("GET", users::organisation)],
        ["repos", "search"] => &[("GET", repositories::search)],
        ["repositories", _] => &[("GET", repositories::by_number)],
        ["admin", "users"] => &[("GET", admin::users), ("POST", admin::create_user)],
        _ => return None,
    })
}

/// The same below `/repos/OWNER/NAME`.
fn of_repository(path: &[&str]) -> Option<&'static [(&'static str, Action)]> {
    Some(match path {
        [] => &[("GET", repositories::get), ("PATCH", repositories::update), ("DELETE", repositories::remove)],
        ["contents"] => &[("GET", contents::get)],
        ["contents", ..] => &[("GET", contents::get), ("POST", contents::create), ("PUT", contents::update)],
        ["raw" | "media", _, ..] => &[("GET", contents::raw)],
        ["branches"] => &[("GET", branches::list), ("POST", branches::create)],
        ["branches", ..] => &[("GET", branches::get), ("DELETE", branches::remove)],
        ["git", "refs", ..] => &[("GET", branches::references)],
        ["git", "commits", _] => &[("GET", commits::get)],
        ["commits"] => &[("GET", commits::list)],
        ["commits", _, "status"] => &[("GET", statuses::combined)],
        ["commits", _, "statuses"] => &[("GET", statuses::list)],
        ["statuses", _] => &[("GET", statuses::list), ("POST", statuses::create)],
        ["hooks"] => &[("GET", hooks::list), ("POST", hooks::create)],
        ["hooks", _] => &[("GET", hooks::get), ("PATCH", hooks::update), ("DELETE", hooks::remove)],
        ["hooks", _, "tests"] => &[("POST", hooks::test)],
        ["issues"] => &[("GET", issues::list), ("POST", issues::create)],
        ["issues", _] => &[("GET", issues::get), ("PATCH", issues::update), ("DELETE", issues::remove)],
        ["labels"] => &[("GET", labels::list), ("POST", labels::create)],
        ["pulls"] => &[("GET", pulls::list), ("POST", pulls::create)],
        ["pulls", _] => &[("GET", pulls::get)],
        ["collaborators"] => &[("GET", collaborators::list)],
        ["collaborators", _] => {
            &[("GET", collaborators::get), ("PUT", collaborators::put), ("DELETE", collaborators::remove)]
        }
        ["collaborators", _, "permission"] => &[("GET", collaborators::permission)],
        ["tags" | "releases" | "keys" | "topics"] => &[("GET", repositories::none)],
        _ => return None,
    })
}
