//! What scenarios run against, behind one trait.

pub(crate) mod addresses;
pub(crate) mod altered;
mod api;
pub(crate) mod applications;
mod arrivals;
pub mod authority;
pub mod bootstrap;
mod change;
pub mod containers;
pub mod embedded;
pub mod external;
pub mod fix;
mod fixtures;
mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use async_trait::async_trait;
use doubles::chat::Defect;
use doubles::meddler::Rule;
use routes::change::RouteChanges;
use scenario::Secret;
use scenario::model::{Mode, Service};
use serde::{Deserialize, Serialize};
use verdict::evidence::{StackFacts, Trouble};

pub use altered::TextChange;
pub use applications::{Application, ApplicationChange};
pub use arrivals::{Arrivals, Late};
pub use bootstrap::Product;
pub use change::{Change, ChangeError, Changeable, Changed, Environment};

/// A site as a client needs to know it.
#[derive(Debug, Clone)]
pub struct Site {
    /// The origin that browsers use, without a slash at its end (`http://edge.test:41234`).
    pub base_url: String,
    /// The routing mode.
    pub mode: Mode,
    /// Each service's public URL, without a slash at its end (`http://edge.test:41234/forge`).
    pub services: BTreeMap<Service, String>,
    /// Names that are looked up here before anywhere else. A name also stands for all names below it.
    pub resolve: Vec<(String, IpAddr)>,
    /// Certificates to trust besides the system's, in PEM.
    pub ca_pem: Option<String>,
    /// Variables that the stack gives (`user`).
    pub variables: BTreeMap<String, String>,
    /// Secrets that the stack gives (`password`).
    pub secrets: BTreeMap<String, Secret>,
}

/// Where a service listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Direct {
    /// `HOST:PORT` as the edge should have it for its upstream (`forge:3000`).
    pub authority: String,
    /// Where that host is, seen from here.
    pub ip: IpAddr,
}

/// What the scenarios of a run need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The services; the edge is always needed.
    pub services: BTreeSet<Service>,
}

/// How a stack of ours is to be stood up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackOptions {
    /// The routing mode.
    pub mode: Mode,
    /// The edge speaks https, with a certificate made for the run.
    pub tls: bool,
    /// Images by service, in place of those of `compose.yml`.
    pub images: BTreeMap<Service, String>,
    /// Settings by service, on top of those of `compose.yml`; `None` unsets. `${edge}`, `${forge}` and so on stand for
    /// the public addresses.
    pub environment: Environment,
    /// What the edge does otherwise than the standard routes say, by the routes' names; `None` removes a route. The
    /// services are set up, and told their addresses, as if nothing were changed.
    pub routes: RouteChanges,
    /// Directives of Caddy's that are replaced wherever they stand in the generated text, and what stands in their place;
    /// `None` takes them out. Containers only.
    pub directives: Vec<(String, Option<String>)>,
    /// OAuth applications that the forge knows otherwise than they should be, by the service that they are for.
    pub applications: BTreeMap<Service, ApplicationChange>,
    /// What is replaced in the generated Caddyfile, in this order; a stack that has none can't be stood up so.
    pub caddyfile: Vec<TextChange>,
    /// Rules of meddlers between the edge and services.
    pub tamper: BTreeMap<Service, Vec<Rule>>,
    /// Services that are stopped once the stack is set up.
    pub stop: BTreeSet<Service>,
    /// Mistakes that services are built with: in the place of such a service stands its double.
    pub defects: Defects,
    /// Which forge a double answers as.
    pub forge: Product,
    /// Pull images that aren't there.
    pub pull: bool,
    /// Leave the stack standing after the run.
    pub keep: bool,
    /// Where what is wrong on purpose comes from: by this a stack that is kept is known again.
    pub injected: Injected,
}

/// Mistakes by service.
pub type Defects = BTreeMap<Service, BTreeSet<Defect>>;

/// What was set wrong on purpose, as it was given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injected {
    /// The files of known misconfigurations: name and text.
    pub faults: Vec<(String, String)>,
    /// The stack was changed over to the fallback since: of what was wrong, only what is in the programs' nature is left.
    pub changed_over: bool,
}

impl StackOptions {
    /// A stack in this mode as it should be, of images that are there.
    pub const fn new(mode: Mode) -> Self {
        Self {
            mode,
            tls: false,
            images: BTreeMap::new(),
            environment: BTreeMap::new(),
            routes: BTreeMap::new(),
            directives: Vec::new(),
            applications: BTreeMap::new(),
            caddyfile: Vec::new(),
            tamper: BTreeMap::new(),
            stop: BTreeSet::new(),
            defects: BTreeMap::new(),
            forge: Product::Forgejo,
            pull: false,
            keep: false,
            injected: Injected { faults: Vec::new(), changed_over: false },
        }
    }

    /// The same stack in the mode subdomain, as the plan of the fallback has it: the edge's routes and the OAuth applications are made
    /// anew, and settings that follow from the mode are as the mode says. Whatever else is wrong with the programs stays.
    #[must_use]
    pub fn changed_over(&self) -> Self {
        let follows = |name: &String| FOLLOWING.contains(&name.as_str());
        let mut environment = self.environment.clone();
        environment.values_mut().for_each(|settings| settings.retain(|name, _| !follows(name)));
        environment.retain(|_, settings| !settings.is_empty());
        let injected = Injected { changed_over: true, ..self.injected.clone() };
        Self {
            tls: self.tls,
            images: self.images.clone(),
            environment,
            tamper: self.tamper.clone(),
            stop: self.stop.clone(),
            forge: self.forge,
            pull: self.pull,
            keep: self.keep,
            injected,
            ..Self::new(Mode::Subdomain)
        }
    }
}

/// Settings of services that follow from the routing mode.
pub const FOLLOWING: &[&str] = &[
    "GITEA__server__ROOT_URL",
    "FORGEJO__server__ROOT_URL",
    "WOODPECKER_HOST",
    "WOODPECKER_FORGEJO_URL",
    "WOODPECKER_GITEA_URL",
    "WOODPECKER_EXPERT_WEBHOOK_HOST",
    "WOODPECKER_EXPERT_FORGE_OAUTH_HOST",
    "EDGE_ROUTING_MODE",
    "EDGE_TUNNEL_FQDN",
    "EDGE_TUNNEL_FQDN_CHAT",
    "FORGE_PUBLIC_URL",
];

/// A stack that stands.
#[async_trait]
pub trait Stack: Send + Sync {
    /// What it is, for reports.
    fn facts(&self) -> StackFacts;

    /// How a client reaches it.
    fn site(&self) -> &Site;

    /// Where a service listens, past the edge and whatever the edge's routes say; `None` where it can't be reached so.
    async fn direct(&self, service: Service) -> Option<Direct>;

    /// Where else a service takes connections from its neighbours on the network, seen from here; empty where that can't be
    /// known.
    async fn other_ports(&self, _service: Service) -> Vec<Direct> {
        Vec::new()
    }

    /// The last log lines of a service, oldest first; empty where there are none to be had.
    async fn logs(&self, service: Service, lines: usize) -> Vec<String>;

    /// What is wrong with the stack itself by now: services that died.
    async fn troubles(&self) -> Vec<Trouble>;

    /// Of each service that runs, what tells this start of it from any other; empty where that can't be known.
    async fn starts(&self) -> BTreeMap<Service, String> {
        BTreeMap::new()
    }

    /// The services that may still be on their way: a stack is ready when all that journeys reach is there.
    fn arrivals(&self) -> Arrivals {
        Arrivals::default()
    }

    /// The same as something that can be changed, where it is ours.
    fn changeable(&mut self) -> Option<&mut dyn Changeable> {
        None
    }

    /// Takes it down, so that nothing of it is left.
    ///
    /// # Errors
    /// What could not be removed, by name.
    async fn down(&self) -> Result<(), Trouble>;

    /// Takes it down, although it was to be kept.
    ///
    /// # Errors
    /// What could not be removed, by name.
    async fn remove(&self) -> Result<(), Trouble> {
        self.down().await
    }
}

/// The mode as evidence has it.
pub fn mode_fact(mode: Mode) -> verdict::evidence::Mode {
    match mode {
        Mode::Subpath => verdict::evidence::Mode::Subpath,
        Mode::Subdomain => verdict::evidence::Mode::Subdomain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_the_mode_is_known_by_name() {
        let upstreams =
            routes::standard::SERVICES.iter().map(|name| ((*name).to_owned(), "any:1".to_owned())).collect();
        for mode in [routes::Mode::Subpath, routes::Mode::Subdomain] {
            let origin = routes::Origin::parse("http://edge.test:1").unwrap();
            let site = routes::Site::standard(origin, mode, &upstreams).unwrap();
            for (service, settings) in routes::settings::for_site(&site).environment {
                for name in settings.keys() {
                    assert!(FOLLOWING.contains(&name.as_str()), "{service}: {name}");
                }
            }
        }
    }

    #[test]
    fn changed_over_only_what_is_in_the_programs_nature_stays_wrong() {
        let set = |name: &str| (name.to_owned(), Some("wrong".to_owned()));
        let mut options = StackOptions { tls: true, keep: true, ..StackOptions::new(Mode::Subpath) };
        options.environment.insert(Service::Forge, [set("GITEA__server__ROOT_URL"), set("GITEA__x__Y")].into());
        options.environment.insert(Service::Ci, [set("WOODPECKER_HOST")].into());
        options.routes.insert("forge".to_owned(), None);
        options
            .applications
            .insert(Service::Ci, ApplicationChange { redirect_uris: Some(Vec::new()), ..Default::default() });
        options.injected.faults.push(("a.yaml".to_owned(), "id: a".to_owned()));
        let after = options.changed_over();
        assert_eq!((after.mode, after.tls, after.keep), (Mode::Subdomain, true, true));
        assert_eq!(after.environment, [(Service::Forge, [set("GITEA__x__Y")].into())].into());
        assert!(after.routes.is_empty() && after.applications.is_empty());
        assert!(after.injected.changed_over && after.injected.faults == options.injected.faults);
        assert_eq!(after.changed_over().environment, after.environment);
    }
}
