//! What an edge does otherwise than the standard routes say, as plain values: a wrong setting is another value.

use std::collections::BTreeMap;

use crate::error::{Problem, RouteError};
use crate::model::{Action, Cookies, Flush, Forward, PathEdit, PathMatch, Route, Site, Upstream};

/// Changes by the names of the routes; `None` removes the route.
pub type RouteChanges = BTreeMap<String, Option<RouteChange>>;

/// Other values for fields of a route that forwards. What is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RouteChange {
    /// Whether the prefix of the route is taken off the path.
    pub strip_prefix: Option<bool>,
    /// Where the service listens, `HOST:PORT`.
    pub upstream: Option<String>,
    /// Which cookies arrive.
    pub cookies: Option<Cookies>,
    /// Whether a connection may be upgraded.
    pub websocket: Option<bool>,
    /// The largest content of a request in bytes; `Some(None)` lifts the limit.
    pub max_body: Option<Option<u64>>,
    /// When what the service sends is passed on.
    pub flush: Option<Flush>,
    /// Header fields of the client's that never arrive.
    pub remove_headers: Option<Vec<String>>,
}

/// A route that the standard ones lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// Its name. A route of this name that is there already gives way.
    pub name: String,
    /// The service whose host it answers at, and where it leads unless it redirects; `edge` for the origin itself.
    pub service: String,
    /// The paths that it takes, as Caddy's `path` has them: `/v2/*` for a prefix, `/*` for all, else the path alone.
    pub path: String,
    /// What becomes of a request.
    pub action: Added,
}

/// What an added route does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// As the service's own route forwards, with this prefix taken off.
    Forward {
        /// The prefix, without a slash at its end.
        strip_prefix: Option<String>,
    },
    /// Sends the client elsewhere on the same host, with 302.
    Redirect {
        /// Where.
        to: String,
    },
}

impl Site {
    /// The site with these routes besides. Each comes before the first of its host that would take its requests.
    ///
    /// # Errors
    /// A route to a service that the site has no route to.
    pub fn with(mut self, additions: &[Addition]) -> Result<Self, RouteError> {
        for addition in additions {
            self.routes.retain(|route| route.name != addition.name);
            let place = |route: &Route| route.service == addition.service && route.name == addition.service;
            let own = self.routes.iter().find(|route| place(route));
            let own = own.or_else(|| self.routes.iter().find(|route| route.service == addition.service)).cloned();
            let path = path_match(&addition.path);
            let action = match (&addition.action, own.as_ref().map(|route| &route.action)) {
                (Added::Redirect { to }, _) => Action::Redirect { to: to.clone(), status: 302 },
                (Added::Forward { strip_prefix }, Some(Action::Forward(forward))) => {
                    let edit = strip_prefix.clone().map_or(PathEdit::Keep, PathEdit::Strip);
                    Action::Forward(Box::new(Forward { path: edit, ..(**forward).clone() }))
                }
                (Added::Forward { .. }, _) => {
                    let message = format!("no route leads to the service {}", addition.service.escape_debug());
                    return Err(Problem::new(format!("routes.{}", addition.name.escape_debug()), message).into());
                }
            };
            let host = own.map_or_else(|| self.origin.host.clone(), |route| route.host);
            let before = self.routes.iter().position(|route| route.host == host && covers(&route.path, &path));
            let (name, service) = (addition.name.clone(), addition.service.clone());
            let route = Route { name, service, host, path, action };
            self.routes.insert(before.unwrap_or(self.routes.len()), route);
        }
        Ok(self)
    }

    /// The site with these changes of its routes. Its addresses are those of before.
    ///
    /// # Errors
    /// A route that the site doesn't have; a field that the route doesn't have, or a value that it can't have.
    pub fn changed(mut self, changes: &RouteChanges) -> Result<Self, RouteError> {
        let mut problems = Vec::new();
        let names = self.routes.iter().map(|route| route.name.clone()).collect::<Vec<_>>().join(", ");
        for (name, change) in changes {
            let Some(index) = self.routes.iter().position(|route| route.name == *name) else {
                let message = format!("there is no such route; the routes are {names}");
                problems.push(Problem::new(format!("routes.{}", name.escape_debug()), message));
                continue;
            };
            match change {
                None => drop(self.routes.remove(index)),
                Some(change) => {
                    let result = self.routes[index].change(change);
                    problems.extend(result.err().into_iter().flat_map(|error| error.problems));
                }
            }
        }
        if problems.is_empty() { Ok(self) } else { Err(RouteError { problems }) }
    }
}

/// A path as Caddy's `path` has it.
fn path_match(text: &str) -> PathMatch {
    match text.strip_suffix('*') {
        Some("/" | "") => PathMatch::Any,
        Some(prefix) => PathMatch::Prefix(prefix.to_owned()),
        None => PathMatch::Exact(text.to_owned()),
    }
}

/// Whether one takes all that the other takes.
fn covers(one: &PathMatch, other: &PathMatch) -> bool {
    match (one, other) {
        (PathMatch::Any, _) => true,
        (PathMatch::Prefix(one), PathMatch::Prefix(other) | PathMatch::Exact(other)) => other.starts_with(one.as_str()),
        (PathMatch::Exact(one), PathMatch::Exact(other)) => one == other,
        _ => false,
    }
}

impl Route {
    fn change(&mut self, change: &RouteChange) -> Result<(), RouteError> {
        let setting = |field: &str| format!("routes.{}{field}", self.name);
        let Action::Forward(forward) = &mut self.action else {
            let message = "the edge answers this route by itself; only routes that forward have fields to change";
            return Err(Problem::new(setting(""), message).into());
        };
        let Forward { upstream, path, gate: _, remove_headers, cookies, websocket, max_body, flush } = &mut **forward;
        match (change.strip_prefix, &self.path) {
            (None, _) => {}
            (Some(false), _) => *path = PathEdit::Keep,
            (Some(true), PathMatch::Prefix(prefix)) => {
                *path = PathEdit::Strip(prefix.trim_end_matches('/').to_owned());
            }
            (Some(true), PathMatch::Any | PathMatch::Exact(_)) => {
                return Err(Problem::new(setting(".strip_prefix"), "the route has no prefix to strip").into());
            }
        }
        if let Some(text) = &change.upstream {
            *upstream = Upstream::parse(&setting(".upstream"), text)?;
        }
        replace(cookies, change.cookies.as_ref());
        replace(websocket, change.websocket.as_ref());
        replace(max_body, change.max_body.as_ref());
        replace(flush, change.flush.as_ref());
        replace(remove_headers, change.remove_headers.as_ref());
        Ok(())
    }
}

fn replace<T: Clone>(field: &mut T, other: Option<&T>) {
    if let Some(other) = other {
        field.clone_from(other);
    }
}
