//! Routes that a site doesn't have.

use std::collections::BTreeMap;

use super::{RouteChange, covers, of_service, paths};
use crate::error::{Problem, RouteError};
use crate::model::{Action, Cookies, Flush, Forward, PathEdit, Route, Site, Upstream};
use crate::standard::IDENTITY_HEADERS;

impl Site {
    /// Adds a route before the first that would take its requests away.
    pub(super) fn add(
        &mut self,
        name: &str,
        change: &RouteChange,
        upstreams: &BTreeMap<String, Upstream>,
    ) -> Result<(), RouteError> {
        let setting = |field: &str| format!("routes.{}{field}", name.escape_debug());
        let path = paths(&setting(".path"), change.path.as_deref().unwrap_or_default())?;
        let action = if change.service.is_some() || change.upstream.is_some() {
            let upstream = match (&change.upstream, &change.service) {
                // The change itself sets it; until then anything will do.
                (Some(_), _) | (None, None) => Upstream { host: "unset".to_owned(), port: 1 },
                (None, Some(service)) => of_service(&setting(".service"), service, upstreams)?,
            };
            Action::Forward(Box::new(Forward {
                upstream,
                path: PathEdit::Keep,
                gate: None,
                remove_headers: IDENTITY_HEADERS.iter().map(|name| (*name).to_owned()).collect(),
                headers: Vec::new(),
                cookies: Cookies::Pass,
                websocket: true,
                max_body: None,
                flush: Flush::Auto,
            }))
        } else if change.redirect.is_some() || change.respond.is_some() {
            Action::Respond { status: 200, body: String::new() }
        } else {
            let message = "the site has no such route, and to add one its `service`, its `upstream`, a `redirect` or what to \
                           `respond` is needed";
            return Err(Problem::new(setting(""), message).into());
        };
        let host = change.host.clone().unwrap_or_else(|| self.origin.host.clone()).to_ascii_lowercase();
        let place = self.routes.iter().position(|route| route.host == host && covers(&route.path, &path));
        // A part of what another service's route takes is that service's, wherever it leads.
        let service = match (place, &change.service) {
            (Some(index), _) => self.routes[index].service.clone(),
            (None, Some(service)) => service.clone(),
            (None, None) => "edge".to_owned(),
        };
        let mut route = Route { name: name.to_owned(), service, host, path, action };
        route.change(&RouteChange { service: None, ..change.clone() }, upstreams)?;
        self.routes.insert(place.unwrap_or(self.routes.len()), route);
        Ok(())
    }
}
