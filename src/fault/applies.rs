//! Where a fault can't be expressed: told before anything is stood up.

use std::collections::BTreeSet;

use routes::change::RouteChange;
use scenario::model::{Mode, Service, StackKind};

use super::{Inject, names};

impl Inject {
    /// Why a stack can't express this, for people: not a fault then, but `not applicable`. `present` are the services that it has.
    pub fn inapplicable(&self, kind: StackKind, mode: Mode, present: &BTreeSet<Service>) -> Option<String> {
        if kind == StackKind::External {
            return Some("nothing is changed on a site that somebody else runs".to_owned());
        }
        if let Some(service) = self.services().into_iter().find(|service| !present.contains(service)) {
            return Some(format!("the {kind} stack has no {service}"));
        }
        if kind == StackKind::Embedded {
            if !self.caddyfile.is_empty() {
                return Some("`caddyfile`: only a stack of containers has Caddy for its edge".to_owned());
            }
            let takes_none = |service: &&Service| !matches!(service, Service::Forge | Service::Ci | Service::CiAgent);
            if let Some(service) = self.environment.keys().find(takes_none) {
                return Some(format!("`env`: the embedded stack's {service} takes no settings"));
            }
        }
        let here = names::routes(match mode {
            Mode::Subpath => routes::Mode::Subpath,
            Mode::Subdomain => routes::Mode::Subdomain,
        });
        self.routes.iter().find_map(|(name, change)| {
            let route = here.iter().find(|route| route.name == *name);
            match (route, change) {
                (None, change) if change.as_ref().is_none_or(|change| change.path.is_none()) => {
                    Some(format!("`routes`: in the mode {mode} the edge has no route `{name}`"))
                }
                (Some(route), Some(RouteChange { strip_prefix: Some(true), path: None, .. }))
                    if !matches!(route.path, routes::PathMatch::Prefix(_)) =>
                {
                    Some(format!("`routes`: in the mode {mode} the route `{name}` has no prefix to strip"))
                }
                (Some(route), Some(RouteChange { service: Some(service), .. })) if route.service != *service => {
                    let leads_to = present.iter().any(|present| present.as_str() == service);
                    (!leads_to).then(|| format!("the {kind} stack has no {service}"))
                }
                _ => None,
            }
        })
    }
}
