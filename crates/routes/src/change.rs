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

impl Site {
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
