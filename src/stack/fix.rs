//! From a fix's values to the stack with them: pure. A fix changes what it names; whatever else is wrong stays wrong.

use std::collections::BTreeSet;

use routes::change::RouteChange;
use routes::{Cookies, Flush, PathEdit};
use scenario::model::{Mode, Service};
use verdict::{Change, RouteField};

use super::StackOptions;

/// Settings by which services are told of their OAuth application. Who is given a new secret goes by it.
const TOLD: &[&str] = &[
    "WOODPECKER_FORGEJO_CLIENT",
    "WOODPECKER_FORGEJO_SECRET",
    "WOODPECKER_GITEA_CLIENT",
    "WOODPECKER_GITEA_SECRET",
    "CHAT_OAUTH_CLIENT_ID",
    "CHAT_OAUTH_CLIENT_SECRET",
];

/// A stack with a fix applied.
#[derive(Debug, Clone)]
pub struct Fixed {
    /// How it is to be then.
    pub options: StackOptions,
    /// Services whose OAuth applications get a new secret, which the service is given.
    pub renew: BTreeSet<Service>,
}

/// What a stack becomes with these changes, all of them together. `site` has the routes that the stack should have.
///
/// # Errors
/// Why it can't be expressed on a stack of ours.
pub fn fixed(options: &StackOptions, changes: &[Change], site: &routes::Site) -> Result<Fixed, String> {
    let mut fixed = Fixed { options: options.clone(), renew: BTreeSet::new() };
    for change in changes {
        fixed.apply(change, site)?;
    }
    Ok(fixed)
}

/// The same stack in the mode `subdomain`, with everything as it is asked for. What depends on the addresses follows from the
/// mode: of the fixes that were applied those that name an address are left out.
pub fn in_subdomains(options: &StackOptions, applied: &[Change], site: &routes::Site) -> StackOptions {
    let mut options = StackOptions { mode: Mode::Subdomain, ..options.clone() };
    for change in applied {
        match change {
            Change::Setting { service, name, value: Some(value) } if value.contains(&site.origin.host) => {
                if let Some(settings) = named(service).ok().and_then(|service| options.environment.get_mut(&service)) {
                    settings.remove(name);
                }
            }
            Change::Application { service, .. } => {
                if let Some(change) = named(service).ok().and_then(|service| options.applications.get_mut(&service)) {
                    change.redirect_uris = None;
                }
            }
            _ => {}
        }
    }
    options
}

impl Fixed {
    fn apply(&mut self, change: &Change, site: &routes::Site) -> Result<(), String> {
        let options = &mut self.options;
        match change {
            Change::Setting { service, name, value } => {
                let settings = options.environment.entry(named(service)?).or_default();
                // Forgejo reads both spellings: the other one must not get in the way.
                settings.retain(|other, _| plain(other) != plain(name));
                settings.insert(name.clone(), value.clone());
            }
            Change::Route { route, field } => {
                let change = options.routes.entry(route.clone()).or_insert_with(|| Some(RouteChange::default()));
                let change = change.as_mut().ok_or_else(|| format!("the edge has no route {route} to change"))?;
                set(change, field, site);
            }
            Change::AddRoute { route, service, path, strip_prefix } => {
                let service = named(service)?.to_string();
                let host = site.service_host(&service).map(str::to_owned);
                let edit = strip_prefix.clone().map(PathEdit::Strip);
                let added = RouteChange { host, service: Some(service), edit, ..RouteChange::default() };
                options.routes.insert(free(route, site, path), Some(RouteChange { path: Some(path.clone()), ..added }));
            }
            Change::AddRefusal { route, path } => {
                let respond = Some((403, String::new()));
                let added = RouteChange { path: Some(path.clone()), respond, ..RouteChange::default() };
                options.routes.insert(free(route, site, path), Some(added));
            }
            Change::AddRedirect { route, path, to } => {
                let redirect = Some((on_this_host(to, site), 302));
                let added = RouteChange { path: Some(path.clone()), redirect, ..RouteChange::default() };
                options.routes.insert(free(route, site, path), Some(added));
            }
            Change::Directive { name, value } => {
                options.directives.retain(|(other, _)| other != name);
                options.directives.push((name.clone(), value.clone()));
            }
            Change::Application { service, redirect_uris } => {
                let service = named(service)?;
                options.applications.entry(service).or_default().redirect_uris = Some(redirect_uris.clone());
                self.tell(service);
            }
            Change::ApplicationSecret { service } => self.tell(named(service)?),
            // The stack has one of its own, which both know where nobody says otherwise.
            Change::GateSecret { service } => {
                if let Some(settings) = options.environment.get_mut(&named(service)?) {
                    settings.remove("FORWARD_AUTH_SECRET");
                }
                for change in options.routes.values_mut().flatten() {
                    if let Some(Some(gate)) = &mut change.gate {
                        gate.secret = None;
                    }
                }
            }
            Change::Start { service } => {
                options.stop.remove(&named(service)?);
            }
        }
        Ok(())
    }

    /// The service gets a new secret, and goes by it.
    fn tell(&mut self, service: Service) {
        self.renew.insert(service);
        if let Some(change) = self.options.applications.get_mut(&service) {
            (change.client_id, change.client_secret, change.rotate_secret) = (None, None, false);
        }
        if let Some(settings) = self.options.environment.get_mut(&service) {
            settings.retain(|name, _| !TOLD.contains(&name.as_str()));
        }
    }
}

fn named(name: &str) -> Result<Service, String> {
    let found = Service::PARTS.iter().copied().find(|service| service.as_str() == name);
    found.ok_or_else(|| format!("the stack has no service {name}"))
}

/// A setting's name without the program's.
fn plain(name: &str) -> &str {
    name.strip_prefix("FORGEJO__").or_else(|| name.strip_prefix("GITEA__")).unwrap_or(name)
}

fn set(change: &mut RouteChange, field: &RouteField, site: &routes::Site) {
    match field {
        // Whatever else was made of the path: it is one or the other.
        RouteField::StripPrefix(strip) => (change.strip_prefix, change.edit) = (Some(*strip), None),
        RouteField::AddPrefix(prefix) => {
            (change.strip_prefix, change.edit) = (None, Some(PathEdit::Add(prefix.clone())));
        }
        RouteField::Upstream(upstream) => {
            // A service by its name, or by the name that it has among containers, is where this stack has it.
            let host = upstream.split(':').next().unwrap_or_default();
            let own = site.upstream(host).map(ToString::to_string);
            change.upstream = Some(own.unwrap_or_else(|| upstream.clone()));
        }
        RouteField::Websocket(upgrades) => change.websocket = Some(*upgrades),
        RouteField::MaxBody(limit) => change.max_body = Some(*limit),
        RouteField::Cookies(pass) => change.cookies = Some(if *pass { Cookies::Pass } else { Cookies::Drop }),
        RouteField::FlushImmediately(at_once) => {
            change.flush = Some(if *at_once { Flush::Immediate } else { Flush::Auto });
        }
        RouteField::RemoveHeaders(names) => change.remove_headers = Some(names.clone()),
        RouteField::GateCopies(names) => {
            let gate = change.gate.get_or_insert_default().get_or_insert_default();
            gate.copy_headers = Some(names.clone());
        }
        RouteField::PassHeader(name) => {
            change.headers.iter_mut().for_each(|fields| fields.retain(|(field, _)| !field.eq_ignore_ascii_case(name)));
        }
    }
}

/// A name for a route that is added: that of the fix, unless the site has a route of that name for other paths.
fn free(name: &str, site: &routes::Site, path: &str) -> String {
    let taken = site.routes.iter().find(|route| route.name == name);
    match taken {
        Some(route) if text(&route.path) != path.replace("/*", "/") => format!("{name}-added"),
        _ => name.to_owned(),
    }
}

/// The paths that a route takes, without a star at their end.
fn text(path: &routes::PathMatch) -> &str {
    match path {
        routes::PathMatch::Any => "/",
        routes::PathMatch::Exact(path) | routes::PathMatch::Prefix(path) => path,
    }
}

/// A redirect stays on its host: of an address of the site's the path is what counts.
fn on_this_host(to: &str, site: &routes::Site) -> String {
    let rest = to.strip_prefix(&site.origin.to_string());
    rest.filter(|rest| rest.starts_with('/')).unwrap_or(to).to_owned()
}
