//! The API that the forge's own commands and git hooks use. Who has its token may do everything, so nobody outside may reach it.

use http::request::Parts;
use http::{Method, Response, StatusCode};
use serve::Body;

use super::{State, answer};

/// The paths, with the method that each is for; `*` stands for any one segment.
const ROUTES: &[(&str, Method)] = &[
    ("dummy", Method::GET),
    ("ssh/authorized_keys", Method::POST),
    ("ssh/*/update/*", Method::POST),
    ("ssh/log", Method::POST),
    ("hook/pre-receive/*/*", Method::POST),
    ("hook/post-receive/*/*", Method::POST),
    ("hook/proc-receive/*/*", Method::POST),
    ("hook/set-default-branch/*/*/*", Method::POST),
    ("serv/none/*", Method::GET),
    ("serv/command/*/*/*", Method::GET),
    ("manager/shutdown", Method::POST),
    ("manager/restart", Method::POST),
    ("manager/reload-templates", Method::POST),
    ("manager/flush-queues", Method::POST),
    ("manager/processes", Method::GET),
    ("mail/send", Method::POST),
    ("restore_repo", Method::POST),
    ("actions/generate_actions_runner_token", Method::POST),
];

/// 404 for what isn't there, 405 for the wrong method, 403 for the wrong token, and then what was asked for: which here
/// is nothing, for the double does by itself what real commands come to this API for.
pub(super) fn answer(forge: &State, parts: &Parts, path: &[&str]) -> Response<Body> {
    let Some((_, method)) = ROUTES.iter().find(|(route, _)| is_at(route, path)) else {
        return answer::words(StatusCode::NOT_FOUND, "404 page not found");
    };
    if parts.method != *method {
        return answer::wrong_method(if *method == Method::GET { "GET" } else { "POST" });
    }
    let token = forge.settings.internal_token.as_ref().unwrap_or(&forge.stores.internal_token);
    let given = parts.headers.get("x-gitea-internal-auth").and_then(|value| value.to_str().ok());
    if given.and_then(|given| given.strip_prefix("Bearer ")) != Some(token) {
        return answer::words(StatusCode::FORBIDDEN, "Forbidden");
    }
    if path == ["dummy"] {
        return answer::bare(StatusCode::OK);
    }
    answer::content(StatusCode::OK, "text/plain;charset=utf-8", "ok")
}

fn is_at(route: &str, path: &[&str]) -> bool {
    let mut segments = route.split('/');
    path.iter().all(|part| segments.next().is_some_and(|segment| segment == "*" || segment == *part))
        && segments.next().is_none()
}
