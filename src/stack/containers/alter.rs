//! What is to be wrong with the stack, once it is set up: the routes of the edge, and services that don't run.

use std::time::Duration;

use bollard::query_parameters::StopContainerOptionsBuilder;
use futures_util::future::join_all;
use scenario::model::Service;
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

use super::bring::fill_files;
use super::engine::refused;
use super::launch::{LaunchError, create, start};
use super::pass_on::wait_for_edge;
use super::plan::{Plan, meddlers};
use super::ready::{Awaited, check, interrupted};
use super::stack::Containers;
use crate::stack::Late;
use crate::stack::applications::Applications;

/// How long a service that is to be stopped may take to end by itself, in seconds.
const STOP_WITHIN: i32 = 2;
/// How often it is looked whether the edge has ended.
const LOOK_EVERY: Duration = Duration::from_millis(250);

impl Containers {
    /// Makes it what the options say.
    ///
    /// # Errors
    /// A route that there isn't, a service that the stack doesn't have; what the engine refuses; `stop` was called.
    pub(super) async fn alter(&mut self, stop: &CancellationToken) -> Result<(), Trouble> {
        let altered = self.plan.clone().altered(&self.options)?;
        let edge = Service::Edge.as_str();
        let is_served_otherwise = altered.served != self.plan.served || !altered.caddyfile.is_empty();
        if is_served_otherwise || !self.options.stop.is_empty() {
            // It comes by the edge as it is.
            self.arrivals.wait_for(Late::Repository).await?;
        }
        self.rotate().await?;
        self.meddle(&altered, stop).await?;
        if is_served_otherwise && let Some(spec) = altered.services.get(edge) {
            fill_files(&self.standing, &altered, edge, spec).await?;
            self.restart(edge).await?;
            tokio::select! {
                passes = wait_for_edge(&self.standing, &altered, stop) => passes?,
                // A text that the edge refuses ends it at once, and its log says why.
                trouble = self.end_of(edge) => return Err(trouble),
            }
        }
        self.plan = altered;
        for service in &self.options.stop {
            // Who is stopped was there.
            self.arrivals.wait_for(Late::Service(*service)).await?;
            self.stop(*service).await?;
        }
        if self.options.keep {
            // Nobody brings up what is missing when this program has ended.
            self.arrivals.wait_for_all().await?;
        }
        if stop.is_cancelled() { Err(interrupted(edge)) } else { Ok(()) }
    }

    /// Waits until a container has ended.
    async fn end_of(&self, name: &str) -> Trouble {
        let Some(container) = self.standing.container(name) else { return std::future::pending().await };
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if let Some(trouble) = check(&self.standing.docker, name, &container, false).await {
                return trouble;
            }
        }
    }

    /// Stands meddlers before services.
    async fn meddle(&self, altered: &Plan, stop: &CancellationToken) -> Result<(), Trouble> {
        let new = altered.services.iter().filter(|(name, _)| meddlers::is_one(name));
        let brought = new.map(|(name, spec)| async move {
            let (docker, run) = (&self.standing.docker, &self.standing.run);
            let container = create(docker, run, name, spec, Vec::new()).await.map_err(LaunchError::into_trouble)?;
            self.standing.note(name, container.clone());
            start(docker, name, &container).await.map_err(LaunchError::into_trouble)?;
            let healthcheck = spec.healthcheck.as_ref();
            let awaited = Awaited { docker, service: name, container: &container, healthcheck, passage: None };
            awaited.ready(stop).await
        });
        join_all(brought).await.into_iter().collect()
    }

    /// Applications whose secret the forge changes, while their services keep the old one.
    async fn rotate(&self) -> Result<(), Trouble> {
        let (Some(forge), Some(owner)) = (self.plan.site.service_url(Service::Forge.as_str()), self.owner()) else {
            return Ok(());
        };
        let applications = Applications { forge: &forge, way: &self.plan.way(), owner };
        applications.rotate(&self.options.applications).await.map_err(|why| Trouble {
            service: Some(Service::Forge.to_string()),
            message: format!("its OAuth applications can't be updated: {why}"),
            help: None,
            log: Vec::new(),
        })
    }

    pub(super) async fn stop(&self, service: Service) -> Result<(), Trouble> {
        let name = service.as_str();
        let Some(container) = self.standing.container(name) else {
            let message = "it can't be stopped: it isn't part of this stack".to_owned();
            return Err(Trouble { service: Some(name.to_owned()), message, help: None, log: Vec::new() });
        };
        let options = StopContainerOptionsBuilder::new().t(STOP_WITHIN).build();
        let stopped = self.standing.docker.stop_container(&container, Some(options)).await;
        stopped.map_err(|error| refused(name, "its container can't be stopped", &error))
    }
}
