//! What scenarios run against, behind one trait.

pub(crate) mod addresses;
pub(crate) mod altered;
mod api;
mod applications;
pub mod authority;
pub mod bootstrap;
mod change;
pub mod containers;
pub mod embedded;
pub mod external;
mod fixtures;
mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use async_trait::async_trait;
use doubles::meddler::Rule;
use routes::change::RouteChanges;
use scenario::Secret;
use scenario::model::{Mode, Service};
use verdict::evidence::{StackFacts, Trouble};

pub use altered::TextChange;
pub use applications::{Application, ApplicationChange};
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
#[derive(Debug, Clone)]
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
    /// OAuth applications that the forge knows otherwise than they should be, by the service that they are for.
    pub applications: BTreeMap<Service, ApplicationChange>,
    /// What is replaced in the generated Caddyfile, in this order; a stack that has none can't be stood up so.
    pub caddyfile: Vec<TextChange>,
    /// Rules of meddlers between the edge and services.
    pub tamper: BTreeMap<Service, Vec<Rule>>,
    /// Services that are stopped once the stack is set up.
    pub stop: BTreeSet<Service>,
    /// Which forge a double answers as.
    pub forge: Product,
    /// Pull images that aren't there.
    pub pull: bool,
    /// Leave the stack standing after the run.
    pub keep: bool,
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
            applications: BTreeMap::new(),
            caddyfile: Vec::new(),
            tamper: BTreeMap::new(),
            stop: BTreeSet::new(),
            forge: Product::Forgejo,
            pull: false,
            keep: false,
        }
    }
}

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

    /// Takes it down, so that nothing of it is left.
    ///
    /// # Errors
    /// What could not be removed, by name.
    async fn down(&self) -> Result<(), Trouble>;
}

/// The mode as evidence has it.
pub fn mode_fact(mode: Mode) -> verdict::evidence::Mode {
    match mode {
        Mode::Subpath => verdict::evidence::Mode::Subpath,
        Mode::Subdomain => verdict::evidence::Mode::Subdomain,
    }
}
