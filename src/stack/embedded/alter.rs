//! What is to be wrong with the stack, once it is set up: the routes of the edge, and services that don't run.

use std::sync::PoisonError;

use futures_util::future::join_all;
use scenario::model::Service;
use verdict::evidence::Trouble;

use super::running::Double;
use super::{Embedded, trouble};
use crate::stack::applications::Applications;
use crate::stack::{StackOptions, altered};

/// The routes that the edge has: those that it should have, with what the options say otherwise.
pub(super) fn served(routed: &routes::Site, options: &StackOptions) -> Result<routes::Site, Trouble> {
    altered::served(routed, &by_compose_name(options)).map_err(|error| trouble(Service::Edge, error.to_string()))
}

/// Where services listen among containers, by `fixtures/compose.yml`.
const PORTS: [(&str, &str); 5] =
    [("forge", "3000"), ("ci", "8000"), ("chat", "8080"), ("staging", "8080"), ("echo", "8080")];

/// The options with addresses that services have among containers as those that they have here. At their other ports nobody listens.
fn by_compose_name(options: &StackOptions) -> StackOptions {
    let mut options = options.clone();
    for upstream in options.routes.values_mut().flatten().filter_map(|change| change.upstream.as_mut()) {
        let known = upstream.split_once(':').and_then(|(host, port)| {
            PORTS.iter().find(|(name, _)| *name == host).map(|(name, its)| (*name, port == *its))
        });
        match known {
            Some((name, true)) => *upstream = name.to_owned(),
            Some((_, false)) => *upstream = NOBODY.to_owned(),
            None => {}
        }
    }
    options
}

/// A port of loopback that no program is given (RFC 1078's, long unused).
const NOBODY: &str = "127.0.0.1:1";

impl Embedded {
    /// The routes that the edge has, with meddlers where there are any.
    pub(super) fn served(&self, routed: &routes::Site, options: &StackOptions) -> Result<routes::Site, Trouble> {
        let served = served(routed, options)?;
        let meddlers = self.meddlers.stand(routed, options)?;
        Ok(altered::through(served, routed, &meddlers))
    }

    /// Applications whose secret the forge changes, while their services keep the old one.
    async fn rotate(&self) -> Result<(), Trouble> {
        let url = self.routed.service_url(Service::Forge.as_str()).unwrap_or_default();
        let applications =
            Applications { forge: &url, way: &self.way, owner: (&self.forge.user, &self.forge.password) };
        let rotated = applications.rotate(&self.options.applications).await;
        rotated.map_err(|why| trouble(Service::Forge, format!("its OAuth applications can't be updated: {why}")))
    }

    /// Stops a service while the stack stands, as a crash would: its connections break, and its port is free. One that doesn't
    /// run stays so.
    pub async fn stop(&self, service: Service) {
        let double = {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.as_mut().and_then(|running| running.take(service))
        };
        let Some(mut double) = double else { return };
        double.pause().await;
        if let Some(running) = self.running.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            running.stopped.insert(service, double);
        }
    }

    /// Starts again who was stopped since the stack stood, with all that they knew.
    ///
    /// # Errors
    /// A port that somebody else has taken meanwhile.
    pub async fn start_stopped(&self) -> Result<(), Trouble> {
        self.run_only(&self.routed, &self.options).await
    }

    /// Makes it what the options say, once it is set up.
    pub(super) async fn alter(&self) -> Result<(), Trouble> {
        self.rotate().await?;
        let served = self.served(&self.routed, &self.options)?;
        if let Some(running) = self.running.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
            && served != self.routed
        {
            running.edge.replace(served).map_err(|error| trouble(Service::Edge, error.to_string()))?;
        }
        self.run_only(&self.routed, &self.options).await
    }

    /// Stops the services that the options stop, which frees their ports, and starts the others where they aren't running.
    pub(super) async fn run_only(&self, routed: &routes::Site, options: &StackOptions) -> Result<(), Trouble> {
        let (mut stopping, mut starting) = (Vec::new(), Vec::new());
        if let Some(running) = self.running.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            for service in &options.stop {
                match running.take(*service) {
                    Some(double) => stopping.push((*service, double)),
                    None if running.stopped.contains_key(service) => {}
                    None => return Err(trouble(*service, "the embedded stack can't stop it".to_owned())),
                }
            }
            let may_run = |service: &Service| !options.stop.contains(service);
            let services: Vec<Service> = running.stopped.keys().copied().filter(may_run).collect();
            starting.extend(services.iter().filter_map(|service| running.stopped.remove_entry(service)));
        }
        let stopped = join_all(stopping.into_iter().map(|(service, mut double)| async move {
            double.pause().await;
            (service, double)
        }));
        let mut stopped = stopped.await;
        let mut result = Ok(());
        let mut started = Vec::new();
        for (service, mut double) in starting {
            match self.start_again(&mut double, routed, options).await {
                Ok(()) => started.push((service, double)),
                Err(why) => {
                    result = Err(trouble(service, format!("it can't be started again: {why}")));
                    stopped.push((service, double));
                }
            }
        }
        match self.running.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(running) => {
                running.stopped.extend(stopped);
                running.doubles.extend(started);
                result
            }
            None => Err(trouble(Service::Edge, "the stack is down".to_owned())),
        }
    }

    async fn start_again(
        &self,
        double: &mut Double,
        routed: &routes::Site,
        options: &StackOptions,
    ) -> Result<(), String> {
        if let Double::CiAgent(agent) = double {
            let started = self.agents.start(routed, options, &self.agent_secret);
            *agent = Some(started.map_err(|trouble| trouble.message)?);
            return Ok(());
        }
        double.resume(&self.addresses).await.map_err(|error| error.to_string())
    }
}
