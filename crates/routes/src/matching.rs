//! Which route takes a request, and what becomes of it: what Caddy does with the text of [`crate::caddyfile`], as a pure function.

use crate::model::{Action, Forward, PathEdit, PathMatch, Route, Site};
use crate::target::{Target, TargetError};

/// The content of the answer to a request that no route takes.
pub const NOT_FOUND: &str = "404: the edge has no route for this address";

/// What stands for path and query of the request at the end of a redirect's target, as in Caddy's text.
pub const URI: &str = "{uri}";

/// What the edge does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision<'a> {
    /// It goes to a service.
    Forward {
        /// The route that took it.
        route: &'a Route,
        /// How it goes there.
        forward: &'a Forward,
        /// The target that the service sees.
        target: String,
        /// The target as the client meant it, which a gate is told in `X-Forwarded-Uri`.
        original: String,
    },
    /// The client is sent elsewhere.
    Redirect {
        /// The route that took it.
        route: &'a Route,
        /// The status code.
        status: u16,
        /// The value of `Location`.
        location: String,
    },
    /// The edge answers by itself.
    Respond {
        /// The route that took it.
        route: &'a Route,
        /// The status code.
        status: u16,
        /// The content, as plain text.
        body: &'a str,
    },
    /// No route takes it: 404, with [`NOT_FOUND`].
    NotFound,
    /// The target can't be read: 400.
    BadRequest(TargetError),
}

/// Decides about a request with this `Host` and this target, as it stands in the request line.
pub fn route<'a>(site: &'a Site, host: &str, target: &str) -> Decision<'a> {
    let target = match Target::parse(target) {
        Ok(target) => target,
        Err(error) => return Decision::BadRequest(error),
    };
    let host = host_name(target.authority.as_deref().unwrap_or(host)).to_owned();
    let path = target.comparable_path();
    let Some(route) =
        site.routes.iter().find(|route| route.host.eq_ignore_ascii_case(&host) && takes(&route.path, &path))
    else {
        return Decision::NotFound;
    };
    match &route.action {
        Action::Redirect { to, status } => {
            let location = match to.strip_suffix(URI) {
                Some(start) => format!("{start}{}", target.request_uri()),
                None => format!("{to}{}", target.prefixed_query()),
            };
            Decision::Redirect { route, status: *status, location }
        }
        Action::Respond { status, body } => Decision::Respond { route, status: *status, body },
        Action::Forward(forward) => {
            let original = target.request_uri();
            Decision::Forward { route, forward, target: rewrite(target, &forward.path), original }
        }
    }
}

/// A `Host` without its port and without the brackets of an IPv6 address.
fn host_name(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    match host.rsplit_once(':') {
        Some((name, _)) if !name.contains(':') => name,
        _ => host,
    }
}

fn takes(matcher: &PathMatch, path: &str) -> bool {
    match matcher {
        PathMatch::Any => true,
        PathMatch::Exact(exact) => exact.eq_ignore_ascii_case(path),
        PathMatch::Prefix(prefix) => path.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)),
    }
}

fn rewrite(mut target: Target, edit: &PathEdit) -> String {
    match edit {
        PathEdit::Keep => {}
        PathEdit::Strip(prefix) => target.strip_prefix(prefix),
        PathEdit::Add(prefix) => target.add_prefix(prefix),
    }
    target.request_uri()
}
