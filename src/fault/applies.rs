//! Where a fault can't be expressed: told before anything is stood up.

use std::collections::{BTreeMap, BTreeSet};

use routes::change::RouteChange;
use scenario::model::{Mode, Service, StackKind};

use super::{Inject, names};
use crate::stack::addresses;
use crate::stack::applications::SIGNING_IN;

impl Inject {
    /// Why a stack can't express this, for people: not a fault then, but `not applicable`. `present` are the services that it has.
    pub fn inapplicable(&self, kind: StackKind, mode: Mode, present: &BTreeSet<Service>) -> Option<String> {
        if kind == StackKind::External {
            return Some("nothing is changed on a site that somebody else runs".to_owned());
        }
        if let Some(service) = self.services().into_iter().find(|service| !present.contains(service)) {
            return Some(format!("the {kind} stack has no {service}"));
        }
        if let Some(service) = self.applications.keys().find(|service| !SIGNING_IN.contains(service)) {
            return Some(format!("`oauth`: the {kind} stack registers no application for {service}"));
        }
        if kind == StackKind::Embedded {
            if self.stop.contains(&Service::Edge) {
                return Some("`stop`: the embedded stack's edge can't be stopped by itself".to_owned());
            }
            if !self.caddyfile.is_empty() {
                return Some("`caddyfile`: only a stack of containers has Caddy for its edge".to_owned());
            }
            if let Some(reason) = self.unknown_to_doubles(&|_| true) {
                return Some(reason);
            }
        }
        let mode = self.mode.unwrap_or(mode);
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

    /// A setting that a double has no use for, where the service is one.
    pub fn unknown_to_doubles(&self, is_double: &dyn Fn(Service) -> bool) -> Option<String> {
        let unknown = |(service, settings): (&Service, &BTreeMap<String, Option<String>>)| {
            settings.iter().find_map(|(name, value)| unknown_setting(*service, name, value.as_deref()))
        };
        self.environment.iter().filter(|(service, _)| is_double(**service)).find_map(unknown)
    }
}

/// Why the embedded stack's double has no use for a setting, where it hasn't. A value that it can't take is another matter.
fn unknown_setting(service: Service, name: &str, value: Option<&str>) -> Option<String> {
    let pair = || [(name, value.unwrap_or_default())];
    let is_unknown = match service {
        Service::Forge => {
            let value = addresses::any(value.unwrap_or_default());
            let taken = doubles::forge::Forge::builder().setting(name, &value);
            taken.err().is_some_and(|error| error.is_unknown())
        }
        Service::Ci => {
            // A server without an address doesn't start, and says nothing of the rest.
            let base = [("WOODPECKER_HOST", "http://x"), ("WOODPECKER_FORGEJO", "true")];
            let others = base.into_iter().filter(|(other, _)| *other != name);
            let read = doubles::ci::Settings::read(others.chain(pair()));
            read.is_ok_and(|settings| settings.unknown.iter().any(|unknown| unknown == name))
        }
        Service::CiAgent => {
            let read = doubles::ci::agent::AgentSettings::read(pair());
            read.is_ok_and(|settings| settings.unknown.iter().any(|unknown| unknown == name))
        }
        // The product itself, which leaves what it doesn't know to the command.
        Service::Chat => false,
        _ => return Some(format!("`env`: the embedded stack's {service} takes no settings")),
    };
    is_unknown.then(|| format!("`env`: {name}: the {service} double doesn't know this setting"))
}
