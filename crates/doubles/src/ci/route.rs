//! Which part of the server a request is for.
//!
//! Woodpecker matches the path as it was sent: nothing is decoded or cleaned before. What matches nothing is the dashboard's business, for any
//! method; so a lost prefix looks like a page.

use http::Method;

/// A request's destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// What the dashboard's pages know of the server and of who is signed in.
    WebConfig,
    Logout,
    /// The way to the forge and back.
    Authorize,
    Version,
    Health,
    Metrics,
    /// The API's description.
    Swagger(&'a str),
    /// The icon by an old name.
    Icon,
    /// A file under `assets/` or `favicons/`, named from there.
    File(&'a str),
    Api(Api<'a>),
    /// There, but with or without the slash at the end.
    Moved(String),
    /// The dashboard.
    Index,
}

/// A call of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Api<'a> {
    User,
    MakeToken,
    ResetToken,
    UserRepositories,
    RefreshRepositories,
    AllRepositories,
    Activate,
    Lookup(&'a str),
    Repository(&'a str),
    Remove(&'a str),
    Repair(&'a str),
    Permissions(&'a str),
    Pipelines(&'a str),
    Trigger(&'a str),
    Pipeline(&'a str, &'a str),
    QueueInfo,
    Agents,
    Forges,
    Hook,
    /// Woodpecker has it for those who are signed in, the double doesn't.
    Missing,
    /// Woodpecker has it for everybody, the double doesn't.
    MissingForAll,
    /// Woodpecker has it for a repository, the double doesn't.
    MissingOf(&'a str),
}

/// Parts of the API that Woodpecker has and the double doesn't.
const MISSING: [&str; 7] = ["users", "orgs", "pipelines", "queue", "secrets", "registries", "log-level"];
/// The same, for everybody.
const MISSING_FOR_ALL: [&str; 3] = ["badges", "signature", "stream"];

impl<'a> Route<'a> {
    /// Reads method and path.
    pub(super) fn parse(root_path: &str, method: &Method, path: &'a str) -> Self {
        let Some(rest) = path.strip_prefix(root_path).and_then(|rest| rest.strip_prefix('/')) else {
            return Self::Index;
        };
        if let Some(route) = exact(method, rest) {
            return route;
        }
        let other = match path.strip_suffix('/') {
            Some(shorter) if !rest.is_empty() => shorter.to_owned(),
            _ => format!("{path}/"),
        };
        let is_there =
            other.strip_prefix(root_path).and_then(|it| it.strip_prefix('/')).and_then(|it| exact(method, it));
        if is_there.is_some() { Self::Moved(other) } else { Self::Index }
    }
}

fn exact<'a>(method: &Method, rest: &'a str) -> Option<Route<'a>> {
    if rest == "authorize" && matches!(*method, Method::GET | Method::POST) {
        return Some(Route::Authorize);
    }
    if let Some(call) = rest.strip_prefix("api/") {
        return api(method, call).map(Route::Api);
    }
    if method != Method::GET {
        return None;
    }
    match rest {
        "web-config.js" => Some(Route::WebConfig),
        "logout" => Some(Route::Logout),
        "version" => Some(Route::Version),
        "healthz" => Some(Route::Health),
        "metrics" => Some(Route::Metrics),
        "favicon.svg" => Some(Route::Icon),
        _ if rest.starts_with("assets/") || rest.starts_with("favicons/") => Some(Route::File(rest)),
        _ => rest.strip_prefix("swagger/").map(Route::Swagger),
    }
}

fn api<'a>(method: &Method, call: &'a str) -> Option<Api<'a>> {
    if let Some(name) = call.strip_prefix("repos/lookup/") {
        return (method == Method::GET).then_some(Api::Lookup(name));
    }
    let segments: Vec<&str> = call.split('/').collect();
    if segments.iter().any(|segment| segment.is_empty()) {
        return None;
    }
    let found = match (method.as_str(), segments.as_slice()) {
        ("GET", ["user"]) => Api::User,
        ("POST", ["user", "token"]) => Api::MakeToken,
        ("DELETE", ["user", "token"]) => Api::ResetToken,
        ("GET", ["user", "repos"]) => Api::UserRepositories,
        ("POST", ["user", "repos", "refresh"]) => Api::RefreshRepositories,
        ("GET", ["repos"]) => Api::AllRepositories,
        ("POST", ["repos"]) => Api::Activate,
        ("GET", ["repos", id]) => Api::Repository(id),
        ("DELETE", ["repos", id]) => Api::Remove(id),
        ("POST", ["repos", id, "repair"]) => Api::Repair(id),
        ("GET", ["repos", id, "permissions"]) => Api::Permissions(id),
        ("GET", ["repos", id, "pipelines"]) => Api::Pipelines(id),
        ("POST", ["repos", id, "pipelines"]) => Api::Trigger(id),
        ("GET", ["repos", id, "pipelines", number]) => Api::Pipeline(id, number),
        ("GET", ["queue", "info"]) => Api::QueueInfo,
        ("GET", ["agents"]) => Api::Agents,
        ("GET", ["forges"]) => Api::Forges,
        ("POST", ["hook"]) => Api::Hook,
        ("GET" | "POST" | "PATCH" | "DELETE", rest) => return missing(method, rest),
        _ => return None,
    };
    Some(found)
}

/// What Woodpecker has there.
fn missing<'a>(method: &Method, segments: &[&'a str]) -> Option<Api<'a>> {
    match (method.as_str(), segments) {
        (_, [first, ..]) if MISSING.contains(first) => Some(Api::Missing),
        (_, [first, ..]) if MISSING_FOR_ALL.contains(first) => Some(Api::MissingForAll),
        ("GET", ["user", "feed"]) | ("POST", ["repos", "repair"]) => Some(Api::Missing),
        (_, ["agents" | "forges", _, ..]) => Some(Api::Missing),
        ("PATCH", ["repos", id]) => Some(Api::MissingOf(id)),
        (_, ["repos", _, "pipelines" | "permissions" | "repair"]) => None,
        (_, ["repos", id, _, ..]) => Some(Api::MissingOf(id)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn route<'a>(method: &str, path: &'a str) -> Route<'a> {
        Route::parse("/ci", &Method::from_bytes(method.as_bytes()).unwrap(), path)
    }

    #[test]
    fn what_is_where() {
        for (method, path, expected) in [
            ("GET", "/ci", Route::Index),
            ("GET", "/ci/", Route::Index),
            ("GET", "/ci/nosuch", Route::Index),
            ("GET", "/", Route::Index),
            ("GET", "/healthz", Route::Index),
            ("GET", "/cia/healthz", Route::Index),
            ("GET", "/ci/healthz", Route::Health),
            ("HEAD", "/ci/healthz", Route::Index),
            ("GET", "//ci/healthz", Route::Index),
            ("GET", "/ci//healthz", Route::Index),
            ("GET", "/ci/%68ealthz", Route::Index),
            ("GET", "/ci/healthz/", Route::Moved("/ci/healthz".to_owned())),
            ("GET", "/ci/assets", Route::Moved("/ci/assets/".to_owned())),
            ("GET", "/ci/assets/a/b.js", Route::File("assets/a/b.js")),
            ("POST", "/ci/assets/a.js", Route::Index),
            ("GET", "/ci/authorize", Route::Authorize),
            ("POST", "/ci/authorize", Route::Authorize),
            ("PUT", "/ci/authorize", Route::Index),
            ("GET", "/ci/swagger/index.html", Route::Swagger("index.html")),
            ("GET", "/ci/api/user", Route::Api(Api::User)),
            ("GET", "/ci/api/user/", Route::Moved("/ci/api/user".to_owned())),
            ("GET", "/ci/api/nosuch", Route::Index),
            ("GET", "/ci/api/repos/lookup/alice/demo", Route::Api(Api::Lookup("alice/demo"))),
            ("GET", "/ci/api/repos/1/pipelines/2", Route::Api(Api::Pipeline("1", "2"))),
            ("GET", "/ci/api/repos/1/secrets", Route::Api(Api::MissingOf("1"))),
            ("PUT", "/ci/api/repos/1/pipelines", Route::Index),
            ("DELETE", "/ci/api/repos/1/pipelines", Route::Index),
            ("GET", "/ci/api/badges/1/status.svg", Route::Api(Api::MissingForAll)),
            ("POST", "/ci/api/hook", Route::Api(Api::Hook)),
            ("GET", "/ci/api/hook", Route::Index),
        ] {
            assert_eq!(route(method, path), expected, "{method} {path}");
        }
        assert_eq!(Route::parse("", &Method::GET, "/healthz"), Route::Health);
        assert_eq!(Route::parse("", &Method::GET, "/"), Route::Index);
        assert_eq!(Route::parse("", &Method::GET, "/ci/healthz"), Route::Index);
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(path in "[/a-z.%]{0,30}", method in "GET|POST|HEAD|X") {
            let _ = route(&method, &path);
        }

        #[test]
        fn outside_the_root_path_all_is_the_dashboard(path in "/[a-bd-z][a-z/]{0,20}") {
            prop_assert_eq!(route("GET", &path), Route::Index);
        }
    }
}
