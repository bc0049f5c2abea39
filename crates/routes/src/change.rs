//! What an edge does otherwise than the standard routes say, as plain values: a wrong setting is another value.

mod add;

use std::collections::BTreeMap;

use crate::error::{Problem, RouteError};
use crate::model::{Action, Cookies, Flush, Forward, PathEdit, PathMatch, Route, Site, Upstream};

/// Changes by the names of the routes; `None` removes the route.
pub type RouteChanges = BTreeMap<String, Option<RouteChange>>;

/// Other values for fields of a route. What is `None` stays. With a path it may be a route that the site doesn't have: it is added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RouteChange {
    /// The paths that it takes: `/v2/` alone, or with `*` at its end all below; `*` is every path.
    pub path: Option<String>,
    /// The host that it answers at. A route that is added answers at the origin's own host unless this says otherwise.
    pub host: Option<String>,
    /// The service that it leads to, at the upstream of the service's own route.
    pub service: Option<String>,
    /// Whether the prefix of the route is taken off the path.
    pub strip_prefix: Option<bool>,
    /// What the path becomes otherwise: another prefix is taken off, or one is put before it.
    pub edit: Option<PathEdit>,
    /// Where the service listens, `HOST:PORT`; the name of a service alone is where that service listens.
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
    /// Header fields as the service is told them, after all else; `None` takes one off.
    pub headers: Option<Vec<(String, Option<String>)>>,
    /// The client is sent here instead: target and status.
    pub redirect: Option<(String, u16)>,
    /// The edge answers by itself instead: status and content.
    pub respond: Option<(u16, String)>,
}

impl Site {
    /// The site with these changes of its routes. Its addresses are those of before.
    ///
    /// # Errors
    /// A route that the site doesn't have, unless it can be added; a field that the route doesn't have, or a value that it can't have.
    pub fn changed(mut self, changes: &RouteChanges) -> Result<Self, RouteError> {
        let mut problems = Vec::new();
        let upstreams = self.upstreams();
        let names = self.routes.iter().map(|route| route.name.clone()).collect::<Vec<_>>().join(", ");
        for (name, change) in changes {
            let index = self.routes.iter().position(|route| route.name == *name);
            let result = match (index, change) {
                (Some(index), None) => {
                    self.routes.remove(index);
                    Ok(())
                }
                (Some(index), Some(change)) => self.routes[index].change(change, &upstreams),
                (None, Some(change)) if change.path.is_some() => self.add(name, change, &upstreams),
                (None, _) => {
                    let message = format!("there is no such route; the routes are {names}");
                    Err(Problem::new(format!("routes.{}", name.escape_debug()), message).into())
                }
            };
            problems.extend(result.err().into_iter().flat_map(|error| error.problems));
        }
        if problems.is_empty() { Ok(self) } else { Err(RouteError { problems }) }
    }

    /// Where each service listens, by its own route.
    pub fn upstreams(&self) -> BTreeMap<String, Upstream> {
        let mut upstreams = BTreeMap::new();
        for route in &self.routes {
            if let Action::Forward(forward) = &route.action {
                upstreams.entry(route.service.clone()).or_insert_with(|| forward.upstream.clone());
            }
        }
        upstreams
    }
}

impl Route {
    fn change(&mut self, change: &RouteChange, upstreams: &BTreeMap<String, Upstream>) -> Result<(), RouteError> {
        let setting = |field: &str| format!("routes.{}{field}", self.name);
        if let Some(path) = &change.path {
            self.path = path_match(&setting(".path"), path)?;
        }
        if let Some(host) = &change.host {
            self.host = host.to_ascii_lowercase();
        }
        if let Some((to, status)) = &change.redirect {
            self.action = Action::Redirect { to: to.clone(), status: *status };
            return Ok(());
        }
        if let Some((status, body)) = &change.respond {
            self.action = Action::Respond { status: *status, body: body.clone() };
            return Ok(());
        }
        let Action::Forward(forward) = &mut self.action else {
            let message = "the edge answers this route by itself; only routes that forward have other fields to change \
                           than `path`, `host`, `redirect` and `respond`";
            let asks_for_no_other = RouteChange { path: None, host: None, ..change.clone() } == RouteChange::default();
            return if asks_for_no_other { Ok(()) } else { Err(Problem::new(setting(""), message).into()) };
        };
        let Forward { upstream, path, gate: _, remove_headers, headers, cookies, websocket, max_body, flush } =
            &mut **forward;
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
        if let Some(service) = &change.service {
            *upstream = of_service(&setting(".service"), service, upstreams)?;
        }
        if let Some(text) = &change.upstream {
            *upstream = match upstreams.get(text) {
                Some(upstream) => upstream.clone(),
                None => Upstream::parse(&setting(".upstream"), text)?,
            };
        }
        replace(path, change.edit.as_ref());
        replace(cookies, change.cookies.as_ref());
        replace(websocket, change.websocket.as_ref());
        replace(max_body, change.max_body.as_ref());
        replace(flush, change.flush.as_ref());
        replace(remove_headers, change.remove_headers.as_ref());
        replace(headers, change.headers.as_ref());
        Ok(())
    }
}

fn replace<T: Clone>(field: &mut T, other: Option<&T>) {
    if let Some(other) = other {
        field.clone_from(other);
    }
}

/// Where a service of the site listens.
fn of_service(setting: &str, service: &str, upstreams: &BTreeMap<String, Upstream>) -> Result<Upstream, RouteError> {
    upstreams.get(service).cloned().ok_or_else(|| {
        let names = upstreams.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let message = format!("the edge has no route to `{}`; it has to {names}", service.escape_debug());
        Problem::new(setting, message).into()
    })
}

/// The paths that a text means: `/x`, `/x/*`, `*`.
fn path_match(setting: &str, text: &str) -> Result<PathMatch, RouteError> {
    match text.strip_suffix('*') {
        Some("" | "/") => Ok(PathMatch::Any),
        Some(prefix) if prefix.ends_with('/') => Ok(PathMatch::Prefix(prefix.to_owned())),
        Some(_) => {
            let message = format!("expected a path such as `/x` or `/x/*`, found `{}`", text.escape_debug());
            Err(Problem::new(setting, message).into())
        }
        None => Ok(PathMatch::Exact(text.to_owned())),
    }
}
