//! What an edge does otherwise than the standard routes say, as plain values: a wrong setting is another value.

mod add;

use std::collections::BTreeMap;

use crate::error::{Problem, RouteError};
use crate::model::{Action, Cookies, Flush, Forward, GateSecret, PathEdit, PathMatch, Route, Site, Upstream};

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
    /// Whom the edge asks first: otherwise than before, or `Some(None)` nobody.
    pub gate: Option<Option<GateChange>>,
    /// The client is sent here instead: target and status.
    pub redirect: Option<(String, u16)>,
    /// The edge answers by itself instead: status and content.
    pub respond: Option<(u16, String)>,
}

/// How the edge asks the gate of a route otherwise. What is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GateChange {
    /// What it shows the gate for a secret.
    pub secret: Option<GateSecret>,
    /// The fields of the gate's answer that the request takes along.
    pub copy_headers: Option<Vec<String>>,
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
    fn change(&mut self, change: &RouteChange, upstreams: &BTreeMap<String, Upstream>) -> Result<(), RouteError> {
        let setting = |field: &str| format!("routes.{}{field}", self.name);
        if let Some(path) = &change.path {
            self.path = paths(&setting(".path"), path)?;
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
        let Forward { upstream, path, gate, remove_headers, headers, cookies, websocket, max_body, flush } =
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
        match (&change.gate, gate.as_mut()) {
            (None, _) => {}
            (Some(None), _) => *gate = None,
            (Some(Some(change)), Some(gate)) => {
                replace(&mut gate.secret, change.secret.as_ref());
                replace(&mut gate.copy_headers, change.copy_headers.as_ref());
            }
            (Some(Some(_)), None) => {
                return Err(Problem::new(setting(".gate"), "the route has no gate to change").into());
            }
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
fn paths(setting: &str, text: &str) -> Result<PathMatch, RouteError> {
    let paths = path_match(text);
    if matches!(&paths, PathMatch::Prefix(prefix) if !prefix.ends_with('/')) {
        let message = format!("expected a path such as `/x` or `/x/*`, found `{}`", text.escape_debug());
        return Err(Problem::new(setting, message).into());
    }
    Ok(paths)
}
