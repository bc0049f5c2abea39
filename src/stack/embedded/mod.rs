//! Doubles on loopback, in this process: what runs where there is no container engine.

mod alter;
mod change;
mod chatting;
mod configuration;
mod ground;
mod meddlers;
mod running;
mod staging;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use scenario::Secret;
use scenario::model::{Mode, Service};
use serve::Log;
use verdict::evidence::{self, ServiceFacts, ServiceKind, StackFacts, StackKind, Trouble};

use super::api::Way;
use super::applications::{Applications, Registered, SIGNING_IN};
use super::{Changeable, Direct, Site, Stack, StackOptions, bootstrap, random};
use ground::{Agents, ChatGround, Ground};
use meddlers::Meddlers;
use running::{Double, Running};

/// The services that the embedded stack has. Scenarios that need others don't apply to it.
pub const SERVICES: &[Service] =
    &[Service::Edge, Service::Forge, Service::Ci, Service::CiAgent, Service::Chat, Service::Staging, Service::Echo];

/// The host that the edge answers at; its services' hosts are below it.
const HOST: &str = "edge.test";
/// How long passwords and secrets are that nobody types.
const SECRET_LENGTH: usize = 24;

/// The edge and doubles of all that is behind it, each on a port of its own on loopback. Dropping it frees the ports.
#[derive(Debug)]
pub struct Embedded {
    site: Site,
    facts: StackFacts,
    logs: BTreeMap<Service, Log>,
    options: StackOptions,
    /// The edge's routes.
    routed: routes::Site,
    /// Where each service listens; the agent's is where it comes to the CI.
    addresses: BTreeMap<Service, SocketAddr>,
    /// How the edge is reached.
    way: Way,
    /// The forge, with its first user.
    forge: bootstrap::Forge,
    /// The applications of those who sign people in there.
    registered: Registered,
    /// What the CI and its agent know of each other.
    agent_secret: Secret,
    agents: Agents,
    /// What the chat has for its own.
    chat: ChatGround,
    meddlers: Meddlers,
    running: Mutex<Option<Running>>,
}

impl Embedded {
    /// Stands the stack up; it is ready when this returns. Images mean nothing to it, and it has all its services whatever is needed:
    /// they cost next to nothing.
    ///
    /// # Errors
    /// A setting that a double doesn't know; no port, no random bytes.
    pub async fn start(options: &StackOptions) -> Result<Self, Trouble> {
        configuration::refuse_unknown(options)?;
        let mut ground = Ground::take(options).await?;
        let password = secret()?;
        let agent_secret = secret()?;

        let forge = ground.forge(options, &password)?;
        let others = ground.others()?;
        let edge = ground.edge()?;
        let way = ground.way();
        let url = ground.routed.service_url(Service::Forge.as_str()).unwrap_or_default();
        let told = set_up(&url, &way, password, &ground.routed, options).await;
        let (known, registered, forge_token) = told.map_err(|message| trouble(Service::Forge, message))?;
        let ci = ground.ci(options, &registered, &agent_secret)?;
        let (chatting, chat) = ground.chat(options, &registered, forge_token)?;

        let forge = (Service::Forge, Double::Forge(forge));
        let chatting = (Service::Chat, Double::Chat(Box::new(chatting)));
        let doubles = [forge, chatting].into_iter().chain(ci).chain(others).collect();
        let running = Running { edge, doubles, stopped: BTreeMap::new(), stops: BTreeMap::new() };
        let site = Site { ca_pem: ground.ca_pem(), ..site(&ground.routed, options.mode, &known) };
        let stack = Self {
            facts: facts(&site, &known, options),
            site,
            logs: running.logs(),
            options: options.clone(),
            agents: ground.agents(),
            addresses: ground.addresses,
            meddlers: Meddlers::default(),
            routed: ground.routed,
            way,
            forge: known,
            registered,
            agent_secret,
            chat,
            running: Mutex::new(Some(running)),
        };
        stack.alter().await?;
        Ok(stack)
    }
}

/// Sets the forge up as a real one is, over HTTP and by way of the edge; but its first user is there already.
async fn set_up(
    url: &str,
    way: &Way,
    password: Secret,
    routed: &routes::Site,
    options: &StackOptions,
) -> Result<(bootstrap::Forge, Registered, Secret), String> {
    let forge = bootstrap::Forge::identify(url, way, password).await.map_err(|error| error.to_string())?;
    let applications = Applications { forge: url, way, owner: (&forge.user, &forge.password) };
    // One after the other, so that logs are the same each time.
    forge.create_repository(url, way).await.map_err(|error| error.to_string())?;
    let registered = applications.register(&SIGNING_IN, routed, &options.applications).await?;
    let token = forge.create_token(url, way, Service::Chat.as_str()).await.map_err(|error| error.to_string())?;
    Ok((forge, registered, token))
}

fn secret() -> Result<Secret, Trouble> {
    let text = random::text(random::ALPHANUMERIC, SECRET_LENGTH);
    text.map(Secret::new).map_err(|error| trouble(Service::Edge, error.to_string()))
}

#[async_trait]
impl Stack for Embedded {
    fn facts(&self) -> StackFacts {
        self.facts.clone()
    }

    fn site(&self) -> &Site {
        &self.site
    }

    async fn direct(&self, service: Service) -> Option<Direct> {
        let upstream = self.routed.upstream(service.as_str())?;
        Some(Direct { authority: upstream.to_string(), ip: IpAddr::V4(Ipv4Addr::LOCALHOST) })
    }

    async fn logs(&self, service: Service, lines: usize) -> Vec<String> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let now = running.as_ref().and_then(|running| running.logs().remove(&service));
        // Who was stopped has left a log, too.
        now.as_ref().or(self.logs.get(&service)).map(|log| log.last(lines)).unwrap_or_default()
    }

    async fn troubles(&self) -> Vec<Trouble> {
        // Its services are tasks of this process: they end with it, or where somebody stopped them.
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = running.as_ref() else { return Vec::new() };
        let stopped =
            SERVICES.iter().filter(|service| **service != Service::Edge && !running.doubles.contains_key(service));
        stopped.map(|service| trouble(*service, "it isn't running: it was stopped".to_owned())).collect()
    }

    async fn starts(&self) -> BTreeMap<Service, String> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().map(Running::starts).unwrap_or_default()
    }

    fn changeable(&mut self) -> Option<&mut dyn Changeable> {
        Some(self)
    }

    async fn down(&self) -> Result<(), Trouble> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            tokio::join!(running.shutdown(), self.meddlers.shutdown(running::GRACE));
        }
        Ok(())
    }
}

fn trouble(service: Service, message: String) -> Trouble {
    Trouble { service: Some(service.to_string()), message, help: None, log: Vec::new() }
}

fn routing(mode: Mode) -> routes::Mode {
    match mode {
        Mode::Subpath => routes::Mode::Subpath,
        Mode::Subdomain => routes::Mode::Subdomain,
    }
}

fn site(routed: &routes::Site, mode: Mode, forge: &bootstrap::Forge) -> Site {
    let services =
        SERVICES.iter().filter_map(|service| Some((*service, routed.service_url(service.as_str())?))).collect();
    Site {
        base_url: routed.origin.to_string(),
        mode,
        services,
        resolve: vec![(HOST.to_owned(), IpAddr::V4(Ipv4Addr::LOCALHOST))],
        ca_pem: None,
        variables: [("user", &forge.user), ("repo", &forge.repository)]
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .into(),
        secrets: [("password".to_owned(), forge.password.clone())].into(),
    }
}

fn facts(site: &Site, forge: &bootstrap::Forge, options: &StackOptions) -> StackFacts {
    let is_program = |service: Service| service == Service::Chat && !options.defects.contains_key(&service);
    let services = SERVICES
        .iter()
        .map(|service| ServiceFacts {
            name: service.to_string(),
            kind: if is_program(*service) { ServiceKind::Program } else { ServiceKind::Double },
            image: None,
            version: match service {
                Service::Forge => Some(forge.version.clone()),
                Service::Ci => Some(doubles::ci::VERSION.to_owned()),
                _ => None,
            },
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
