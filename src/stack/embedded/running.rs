//! The doubles that run, and their end.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use doubles::ci::Ci;
use doubles::ci::agent::Agent;
use doubles::echo::Echo;
use doubles::forge::Forge;
use edge::Edge;
use futures_util::future::join_all;
use scenario::model::Service;
use serve::{Log, Server};
use tokio::net::TcpListener;

use super::chatting::Chatting;

/// How long requests under way may take to finish when the stack goes down.
pub(super) const GRACE: Duration = Duration::from_millis(200);

/// What has to end.
#[derive(Debug)]
pub(super) struct Running {
    /// The edge.
    pub(super) edge: Edge,
    /// What is behind it. Who was stopped isn't there.
    pub(super) doubles: BTreeMap<Service, Double>,
    /// Who was stopped, and may be started again.
    pub(super) stopped: BTreeMap<Service, Double>,
    /// How often each was stopped.
    pub(super) stops: BTreeMap<Service, u64>,
}

/// One service.
#[derive(Debug)]
pub(super) enum Double {
    Forge(Forge),
    Ci(Ci),
    /// `None` where it was stopped.
    CiAgent(Option<Agent>),
    Chat(Box<Chatting>),
    Staging(Server, Log),
    Echo(Echo),
}

impl Running {
    /// The forge; one that was stopped takes its settings when it starts again.
    pub(super) fn forge(&self) -> Option<&Forge> {
        self.all().find_map(|double| if let Double::Forge(forge) = double { Some(forge) } else { None })
    }

    /// The CI; one that was stopped takes its settings when it starts again.
    pub(super) fn ci(&self) -> Option<&Ci> {
        self.all().find_map(|double| if let Double::Ci(ci) = double { Some(ci) } else { None })
    }

    /// The chat, where it runs; one that was stopped takes its settings when it starts again.
    pub(super) fn chat(&mut self) -> Option<&mut Chatting> {
        let mut all = self.doubles.values_mut().chain(self.stopped.values_mut());
        all.find_map(|double| if let Double::Chat(chat) = double { Some(chat.as_mut()) } else { None })
    }

    fn all(&self) -> impl Iterator<Item = &Double> {
        self.doubles.values().chain(self.stopped.values())
    }

    /// Takes a service out, to be stopped.
    pub(super) fn take(&mut self, service: Service) -> Option<Double> {
        let double = self.doubles.remove(&service)?;
        *self.stops.entry(service).or_default() += 1;
        Some(double)
    }

    /// Of each service that runs, which start of it this is.
    pub(super) fn starts(&self) -> BTreeMap<Service, String> {
        let stops = |service| self.stops.get(service).copied().unwrap_or_default();
        self.doubles.keys().map(|service| (*service, stops(service).to_string())).collect()
    }

    /// What each logs to.
    pub(super) fn logs(&self) -> BTreeMap<Service, Log> {
        let doubles = self.doubles.iter().filter_map(|(service, double)| Some((*service, double.log()?.clone())));
        doubles.chain([(Service::Edge, self.edge.log().clone())]).collect()
    }

    /// Stops them all, the edge first.
    pub(super) async fn shutdown(self) {
        self.edge.shutdown(GRACE).await;
        join_all(self.doubles.into_values().map(Double::shutdown)).await;
    }
}

impl Double {
    fn log(&self) -> Option<&Log> {
        match self {
            Double::Forge(forge) => Some(forge.log()),
            Double::Ci(ci) => Some(ci.log()),
            Double::CiAgent(agent) => agent.as_ref().map(Agent::log),
            Double::Chat(chat) => chat.log(),
            Double::Staging(_, log) => Some(log),
            Double::Echo(echo) => Some(echo.log()),
        }
    }

    /// Stops it, to be started again; its ports are free then.
    pub(super) async fn pause(&mut self) {
        match self {
            Double::Forge(forge) => forge.pause(GRACE).await,
            Double::Ci(ci) => ci.pause(GRACE).await,
            Double::CiAgent(agent) => drop(agent.take()),
            Double::Chat(chat) => chat.pause().await,
            Double::Staging(server, _) => server.pause(GRACE).await,
            Double::Echo(echo) => echo.pause(GRACE).await,
        }
    }

    /// Starts it again where it was.
    pub(super) async fn resume(&mut self, addresses: &BTreeMap<Service, SocketAddr>) -> io::Result<()> {
        let listen = async |service: Service| match addresses.get(&service) {
            Some(address) => TcpListener::bind(address).await,
            None => Err(io::Error::other("it has no address")),
        };
        match self {
            Double::Forge(forge) => forge.resume(listen(Service::Forge).await?),
            Double::Ci(ci) => ci.resume(listen(Service::Ci).await?, listen(Service::CiAgent).await?),
            Double::CiAgent(_) => Ok(()),
            Double::Chat(chat) => chat.resume(listen(Service::Chat).await?),
            Double::Staging(server, _) => server.resume(listen(Service::Staging).await?),
            Double::Echo(echo) => echo.resume(listen(Service::Echo).await?),
        }
    }

    /// Stops it; its ports are free then.
    pub(super) async fn shutdown(self) {
        match self {
            Double::Forge(forge) => forge.shutdown(GRACE).await,
            Double::Ci(ci) => ci.shutdown(GRACE).await,
            Double::CiAgent(agent) => drop(agent),
            Double::Chat(mut chat) => chat.pause().await,
            Double::Staging(server, _) => server.shutdown(GRACE).await,
            Double::Echo(echo) => echo.shutdown(GRACE).await,
        }
    }
}
