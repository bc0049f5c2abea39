//! What is to be wrong with the stack, once it is set up: the routes of the edge, and services that don't run.

use bollard::query_parameters::StopContainerOptionsBuilder;
use scenario::model::Service;
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

use super::bring::fill_files;
use super::engine::refused;
use super::pass_on::wait_for_edge;
use super::ready::interrupted;
use super::stack::Containers;

/// How long a service that is to be stopped may take to end by itself, in seconds.
const STOP_WITHIN: i32 = 2;

impl Containers {
    /// Makes it what the options say.
    ///
    /// # Errors
    /// A route that there isn't, a service that the stack doesn't have; what the engine refuses; `stop` was called.
    pub(super) async fn alter(&mut self, stop: &CancellationToken) -> Result<(), Trouble> {
        let altered = self.plan.clone().altered(&self.options)?;
        let edge = Service::Edge.as_str();
        if altered.served != self.plan.served
            && let Some(spec) = altered.services.get(edge)
        {
            fill_files(&self.standing, &altered, edge, spec).await?;
            self.restart(edge).await?;
            wait_for_edge(&self.standing, &altered, stop).await?;
        }
        self.plan = altered;
        for service in &self.options.stop {
            self.stop(*service).await?;
        }
        if stop.is_cancelled() { Err(interrupted(edge)) } else { Ok(()) }
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
