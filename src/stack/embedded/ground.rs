//! What the doubles stand on: a port for each, the routes to them, and their ways to each other.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use doubles::ci::Ci;
use doubles::ci::agent::Agent;
use doubles::echo::Echo;
use doubles::forge::Forge;
use doubles::outbound::Outbound;
use edge::Edge;
use routes::{GateSecret, Origin, Scheme};
use scenario::Secret;
use scenario::model::Service;
use serve::Log;
use tokio::net::TcpListener;
use verdict::evidence::Trouble;

use super::chatting::{self, Chatting, Home};
use super::running::Double;
use super::{HOST, SERVICES, configuration, routing, secret, staging, trouble};
use crate::stack::StackOptions;
use crate::stack::api::Way;
use crate::stack::applications::Registered;
use crate::stack::authority::Authority;
use crate::stack::bootstrap::USER;

/// Ports of loopback, and what follows from them.
pub(super) struct Ground {
    /// The routes that the stack should have.
    pub(super) routed: routes::Site,
    authority: Option<Authority>,
    /// Each service's address; the agent's is where it comes to the CI.
    pub(super) addresses: BTreeMap<Service, SocketAddr>,
    /// The same ports, until their services have them.
    listeners: BTreeMap<Service, TcpListener>,
    /// How the doubles call each other: by public addresses, and by the names that they have among containers.
    outbound: Outbound,
}

impl Ground {
    /// Takes the ports.
    ///
    /// # Errors
    /// There is none, or the routes are impossible.
    pub(super) async fn take(options: &StackOptions) -> Result<Self, Trouble> {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (mut addresses, mut listeners) = (BTreeMap::new(), BTreeMap::new());
        for service in SERVICES {
            let listener = TcpListener::bind(any_port).await.map_err(|error| no_port(*service, &error))?;
            addresses.insert(*service, listener.local_addr().map_err(|error| no_port(*service, &error))?);
            listeners.insert(*service, listener);
        }
        let authority = options.tls.then(|| Authority::new(HOST)).transpose();
        let authority = authority.map_err(|error| trouble(Service::Edge, error.to_string()))?;
        let scheme = if authority.is_some() { Scheme::Https } else { Scheme::Http };
        let origin = Origin { scheme, host: HOST.to_owned(), port: addresses[&Service::Edge].port() };
        let behind = addresses.iter().filter(|(service, _)| !matches!(service, Service::Edge | Service::CiAgent));
        let upstreams = behind.map(|(service, address)| (service.to_string(), address.to_string())).collect();
        let routed = routes::Site::standard(origin, routing(options.mode), &upstreams)
            .map_err(|error| trouble(Service::Edge, format!("the routes are wrong: {error}")))?;
        let routed = routed.with_gate_secret(GateSecret::new(secret()?.expose()));
        let routed = routes::Site { tls: authority.as_ref().map(|_| tls_in_memory()), ..routed };
        let names = addresses.iter().filter(|(service, _)| **service != Service::CiAgent);
        let names = names.map(|(service, address)| (service.to_string(), *address));
        let resolve = [(HOST.to_owned(), any_port)].into_iter().chain(names).collect();
        let outbound = Outbound::new(resolve, authority.as_ref().map(|authority| authority.ca_pem.clone()))
            .map_err(|why| trouble(Service::Edge, why))?;
        Ok(Self { routed, authority, addresses, listeners, outbound })
    }

    /// How the edge is reached.
    pub(super) fn way(&self) -> Way {
        Way { address: self.addresses[&Service::Edge], tls: self.authority.as_ref().map(Authority::client) }
    }

    /// Who vouches for the edge, where it speaks https.
    pub(super) fn ca_pem(&self) -> Option<String> {
        self.authority.as_ref().map(|authority| authority.ca_pem.clone())
    }

    /// Starts the edge.
    pub(super) fn edge(&mut self) -> Result<Edge, Trouble> {
        let listener = self.listener(Service::Edge)?;
        let edge = match &self.authority {
            Some(authority) => Edge::start_tls(self.routed.clone(), listener, authority.server()),
            None => Edge::start(self.routed.clone(), listener),
        };
        edge.map_err(|error| trouble(Service::Edge, error.to_string()))
    }

    /// Starts the forge, with a first user.
    pub(super) fn forge(&mut self, options: &StackOptions, password: &Secret) -> Result<Forge, Trouble> {
        let listener = self.listener(Service::Forge)?;
        let forge = configuration::forge(&self.routed, options)?.user(USER, password.expose());
        let forge = forge.outbound(self.outbound.clone()).serve(listener);
        forge.map_err(|error| no_start(Service::Forge, &error))
    }

    /// Starts the services that nobody has to tell anything.
    pub(super) fn others(&mut self) -> Result<[(Service, Double); 2], Trouble> {
        let (server, log) = staging::site()
            .serve(self.listener(Service::Staging)?)
            .map_err(|error| no_start(Service::Staging, &error))?;
        let echo = Echo::serve(self.listener(Service::Echo)?).map_err(|error| no_start(Service::Echo, &error))?;
        Ok([(Service::Staging, Double::Staging(server, log)), (Service::Echo, Double::Echo(echo))])
    }

    /// Starts the CI and its agent.
    pub(super) fn ci(
        &mut self,
        options: &StackOptions,
        registered: &Registered,
        agent_secret: &Secret,
    ) -> Result<[(Service, Double); 2], Trouble> {
        let settings = configuration::ci(&self.routed, options, registered, agent_secret)?;
        let (browsers, agents) = (self.listener(Service::Ci)?, self.listener(Service::CiAgent)?);
        let ci = Ci::start(settings, self.outbound.clone(), browsers, agents, Log::default())
            .map_err(|error| no_start(Service::Ci, &error))?;
        let agent = self.agents().start(&self.routed, options, agent_secret)?;
        Ok([(Service::Ci, Double::Ci(ci)), (Service::CiAgent, Double::CiAgent(Some(agent)))])
    }

    /// Starts the chat.
    pub(super) fn chat(
        &mut self,
        options: &StackOptions,
        registered: &Registered,
        forge_token: Secret,
    ) -> Result<(Chatting, ChatGround), Trouble> {
        let ground = ChatGround { home: Home::new()?, forge_token, outbound: self.outbound.clone() };
        let environment = configuration::chat(&self.routed, options, registered, &ground)?;
        let told = chatting::read(environment, ground.outbound.clone(), options)?;
        Ok((Chatting::start(told, self.listener(Service::Chat)?)?, ground))
    }

    /// What another agent needs.
    pub(super) fn agents(&self) -> Agents {
        Agents { server: self.addresses[&Service::CiAgent], outbound: self.outbound.clone() }
    }

    fn listener(&mut self, service: Service) -> Result<TcpListener, Trouble> {
        self.listeners.remove(&service).ok_or_else(|| trouble(service, "its port is given away".to_owned()))
    }
}

/// What the chat keeps while its settings change.
#[derive(Debug)]
pub(super) struct ChatGround {
    pub(super) home: Home,
    /// What it opens issues with.
    pub(super) forge_token: Secret,
    pub(super) outbound: Outbound,
}

/// Where agents come to the CI, and how they do.
#[derive(Debug)]
pub(super) struct Agents {
    server: SocketAddr,
    outbound: Outbound,
}

impl Agents {
    /// Starts one.
    pub(super) fn start(
        &self,
        routed: &routes::Site,
        options: &StackOptions,
        secret: &Secret,
    ) -> Result<Agent, Trouble> {
        let settings = configuration::ci_agent(routed, options, self.server, secret)?;
        Ok(Agent::start(settings, self.outbound.clone()))
    }
}

fn no_port(service: Service, error: &io::Error) -> Trouble {
    trouble(service, format!("there is no port for it on {}: {error}", Ipv4Addr::LOCALHOST))
}

fn no_start(service: Service, error: &io::Error) -> Trouble {
    trouble(service, format!("it can't listen: {error}"))
}

/// The model wants to know where certificate and key are; the edge of this process is given them, and reads no files.
fn tls_in_memory() -> routes::TlsFiles {
    routes::TlsFiles { certificate: "memory".to_owned(), key: "memory".to_owned() }
}
