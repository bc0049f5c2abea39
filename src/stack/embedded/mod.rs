//! Doubles on loopback, in this process: what runs where there is no container engine.

mod alter;
mod change;
mod configuration;
mod staging;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use doubles::echo::Echo;
use doubles::forge::Forge;
use edge::Edge;
use routes::{Origin, Scheme};
use scenario::Secret;
use scenario::model::{Mode, Service};
use serve::{Log, Server};
use tokio::net::TcpListener;
use verdict::evidence::{self, ServiceFacts, ServiceKind, StackFacts, StackKind, Trouble};

use super::api::Way;
use super::authority::Authority;
use super::{Site, Stack, StackOptions, random};

/// The services that the embedded stack has. Scenarios that need others don't apply to it.
pub const SERVICES: &[Service] = &[Service::Edge, Service::Forge, Service::Staging, Service::Echo];

/// The host that the edge answers at; its services' hosts are below it.
const HOST: &str = "edge.test";
/// Who can sign in at the forge.
const USER: &str = "smoke";
/// How long requests under way may take to finish when the stack goes down.
const GRACE: Duration = Duration::from_millis(200);

/// The edge, a forge double, a staging site and an echo, each on a port of its own on loopback. Dropping it frees the ports.
#[derive(Debug)]
pub struct Embedded {
    site: Site,
    facts: StackFacts,
    logs: BTreeMap<Service, Log>,
    options: StackOptions,
    /// The edge's routes.
    routed: routes::Site,
    /// How the edge is reached.
    way: Way,
    running: Mutex<Option<Running>>,
}

/// What has to end.
#[derive(Debug)]
struct Running {
    edge: Edge,
    /// `None` where it was stopped, as with the others.
    forge: Option<Forge>,
    staging: Option<Server>,
    echo: Option<Echo>,
}

impl Embedded {
    /// Stands the stack up; it is ready when this returns. Images mean nothing to it, and it has all its services whatever is needed:
    /// they cost next to nothing.
    ///
    /// # Errors
    /// A setting that a double doesn't know; no port, no random bytes.
    pub async fn start(options: &StackOptions) -> Result<Self, Trouble> {
        configuration::refuse_unknown(options)?;
        let edge_listener = listen(Service::Edge).await?;
        let forge_listener = listen(Service::Forge).await?;
        let staging_listener = listen(Service::Staging).await?;
        let echo_listener = listen(Service::Echo).await?;

        let authority = options.tls.then(|| Authority::new(HOST)).transpose();
        let authority = authority.map_err(|error| trouble(Service::Edge, error.to_string()))?;
        let scheme = if authority.is_some() { Scheme::Https } else { Scheme::Http };
        let origin = Origin { scheme, host: HOST.to_owned(), port: port(Service::Edge, &edge_listener)? };
        let mut upstreams = BTreeMap::new();
        for (service, listener) in
            [(Service::Forge, &forge_listener), (Service::Staging, &staging_listener), (Service::Echo, &echo_listener)]
        {
            upstreams.insert(service.to_string(), format!("{}:{}", Ipv4Addr::LOCALHOST, port(service, listener)?));
        }
        let routed = routes::Site::standard(origin, routing(options.mode), &upstreams)
            .map_err(|error| trouble(Service::Edge, format!("the routes are wrong: {error}")))?;
        let routed = routes::Site { tls: authority.as_ref().map(|_| tls_in_memory()), ..routed };

        let password = random::text(random::ALPHANUMERIC, 24)
            .map_err(|error| trouble(Service::Forge, format!("there is no password for its user: {error}")))?;
        let forge = configuration::forge(&routed, options)?
            .user(USER, &password)
            .serve(forge_listener)
            .map_err(|error| trouble(Service::Forge, format!("it can't listen: {error}")))?;
        let (staging, staging_log) = staging::site()
            .serve(staging_listener)
            .map_err(|error| trouble(Service::Staging, format!("it can't listen: {error}")))?;
        let echo =
            Echo::serve(echo_listener).map_err(|error| trouble(Service::Echo, format!("it can't listen: {error}")))?;

        let ca_pem = authority.as_ref().map(|authority| authority.ca_pem.clone());
        let site = Site { ca_pem, ..site(&routed, options.mode, Secret::new(&password)) };
        let address = edge_listener.local_addr().map_err(|error| no_port(Service::Edge, &error))?;
        let way = Way { address, tls: authority.as_ref().map(Authority::client) };
        let facts = facts(&site, options);
        let edge = match &authority {
            Some(authority) => Edge::start_tls(routed.clone(), edge_listener, authority.server()),
            None => Edge::start(routed.clone(), edge_listener),
        };
        let edge = edge.map_err(|error| trouble(Service::Edge, error.to_string()))?;
        let logs = [
            (Service::Edge, edge.log().clone()),
            (Service::Forge, forge.log().clone()),
            (Service::Staging, staging_log),
            (Service::Echo, echo.log().clone()),
        ]
        .into();
        let running = Mutex::new(Some(Running { edge, forge: Some(forge), staging: Some(staging), echo: Some(echo) }));
        let stack = Self { site, facts, logs, options: options.clone(), routed, way, running };
        stack.alter().await?;
        Ok(stack)
    }
}

#[async_trait]
impl Stack for Embedded {
    fn facts(&self) -> StackFacts {
        self.facts.clone()
    }

    fn site(&self) -> &Site {
        &self.site
    }

    async fn logs(&self, service: Service, lines: usize) -> Vec<String> {
        self.logs.get(&service).map(|log| log.last(lines)).unwrap_or_default()
    }

    async fn troubles(&self) -> Vec<Trouble> {
        // Its services are tasks of this process: they end with it, or where somebody stopped them.
        let stopped = self.options.stop.iter();
        stopped.map(|service| trouble(*service, "it isn't running: it was stopped".to_owned())).collect()
    }

    async fn down(&self) -> Result<(), Trouble> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { edge, forge, staging, echo }) = running {
            edge.shutdown(GRACE).await;
            if let Some(forge) = forge {
                forge.shutdown(GRACE).await;
            }
            if let Some(staging) = staging {
                staging.shutdown(GRACE).await;
            }
            if let Some(echo) = echo {
                echo.shutdown(GRACE).await;
            }
        }
        Ok(())
    }
}

async fn listen(service: Service) -> Result<TcpListener, Trouble> {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    TcpListener::bind(any_port).await.map_err(|error| no_port(service, &error))
}

fn port(service: Service, listener: &TcpListener) -> Result<u16, Trouble> {
    Ok(listener.local_addr().map_err(|error| no_port(service, &error))?.port())
}

fn no_port(service: Service, error: &io::Error) -> Trouble {
    trouble(service, format!("there is no port for it on {}: {error}", Ipv4Addr::LOCALHOST))
}

fn trouble(service: Service, message: String) -> Trouble {
    Trouble { service: Some(service.to_string()), message, help: None, log: Vec::new() }
}

/// The model wants to know where certificate and key are; the edge of this process is given them, and reads no files.
fn tls_in_memory() -> routes::TlsFiles {
    routes::TlsFiles { certificate: "memory".to_owned(), key: "memory".to_owned() }
}

fn routing(mode: Mode) -> routes::Mode {
    match mode {
        Mode::Subpath => routes::Mode::Subpath,
        Mode::Subdomain => routes::Mode::Subdomain,
    }
}

fn site(routed: &routes::Site, mode: Mode, password: Secret) -> Site {
    let services =
        SERVICES.iter().filter_map(|service| Some((*service, routed.service_url(service.as_str())?))).collect();
    Site {
        base_url: routed.origin.to_string(),
        mode,
        services,
        resolve: vec![(HOST.to_owned(), IpAddr::V4(Ipv4Addr::LOCALHOST))],
        ca_pem: None,
        variables: [("user".to_owned(), USER.to_owned())].into(),
        secrets: [("password".to_owned(), password)].into(),
    }
}

fn facts(site: &Site, options: &StackOptions) -> StackFacts {
    let services = SERVICES
        .iter()
        .map(|service| ServiceFacts {
            name: service.to_string(),
            kind: ServiceKind::Double,
            image: None,
            version: (*service == Service::Forge).then(|| configuration::flavour(options.forge).version().to_owned()),
        })
        .collect();
    let mode = match site.mode {
        Mode::Subpath => evidence::Mode::Subpath,
        Mode::Subdomain => evidence::Mode::Subdomain,
    };
    StackFacts { kind: StackKind::Embedded, mode, base_url: site.base_url.clone(), services }
}

#[cfg(test)]
mod tests;
