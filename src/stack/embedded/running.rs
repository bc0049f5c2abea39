//! The doubles that run, and their end.

use std::collections::BTreeMap;
use std::time::Duration;

use doubles::ci::Ci;
use doubles::ci::agent::Agent;
use doubles::echo::Echo;
use doubles::forge::Forge;
use edge::Edge;
use futures_util::future::join_all;
use scenario::model::Service;
use serve::{Log, Server};

/// How long requests under way may take to finish when the stack goes down.
pub(super) const GRACE: Duration = Duration::from_millis(200);

/// What has to end.
#[derive(Debug)]
pub(super) struct Running {
    /// The edge.
    pub(super) edge: Edge,
    /// What is behind it. Who was stopped isn't there.
    pub(super) doubles: BTreeMap<Service, Double>,
}

/// One service.
#[derive(Debug)]
pub(super) enum Double {
    Forge(Forge),
    Ci(Ci),
    CiAgent(Agent),
    Staging(Server, Log),
    Echo(Echo),
}

impl Running {
    /// The forge, unless it was stopped.
    pub(super) fn forge(&self) -> Option<&Forge> {
        self.doubles.values().find_map(|double| if let Double::Forge(forge) = double { Some(forge) } else { None })
    }

    /// The CI, unless it was stopped.
    pub(super) fn ci(&self) -> Option<&Ci> {
        self.doubles.values().find_map(|double| if let Double::Ci(ci) = double { Some(ci) } else { None })
    }

    /// What each logs to.
    pub(super) fn logs(&self) -> BTreeMap<Service, Log> {
        let doubles = self.doubles.iter().map(|(service, double)| (*service, double.log().clone()));
        doubles.chain([(Service::Edge, self.edge.log().clone())]).collect()
    }

    /// Stops them all, the edge first.
    pub(super) async fn shutdown(self) {
        self.edge.shutdown(GRACE).await;
        join_all(self.doubles.into_values().map(Double::shutdown)).await;
    }
}

impl Double {
    fn log(&self) -> &Log {
        match self {
            Double::Forge(forge) => forge.log(),
            Double::Ci(ci) => ci.log(),
            Double::CiAgent(agent) => agent.log(),
            Double::Staging(_, log) => log,
            Double::Echo(echo) => echo.log(),
        }
    }

    /// Stops it; its ports are free then.
    pub(super) async fn shutdown(self) {
        match self {
            Double::Forge(forge) => forge.shutdown(GRACE).await,
            Double::Ci(ci) => ci.shutdown(GRACE).await,
            Double::CiAgent(agent) => drop(agent),
            Double::Staging(server, _) => server.shutdown(GRACE).await,
            Double::Echo(echo) => echo.shutdown(GRACE).await,
        }
    }
}
