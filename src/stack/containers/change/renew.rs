//! Making containers what a plan says, and waiting until what was renewed is ready.

use bollard::errors::Error;
use bollard::query_parameters::{
    RemoveContainerOptionsBuilder, RestartContainerOptionsBuilder, StopContainerOptionsBuilder,
    WaitContainerOptionsBuilder,
};
use futures_util::StreamExt;
use futures_util::future::{join_all, select_all};
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

use super::work::Work;
use crate::stack::change::Check;
use crate::stack::containers::bring::{fill_files, mounts};
use crate::stack::containers::compose::model::ServiceSpec;
use crate::stack::containers::engine::refused;
use crate::stack::containers::inside::log_lines;
use crate::stack::containers::launch::{LaunchError, launch};
use crate::stack::containers::pass_on::{wait_for_an_answer, wait_for_clients, wait_for_edge};
use crate::stack::containers::plan::{Plan, meddlers};
use crate::stack::containers::ready::{Awaited, TROUBLE_LOG_LINES};
use crate::stack::containers::stack::Containers;

/// How long a service may take to end by itself, in seconds.
const STOP_WITHIN: i32 = 10;
/// To whom the edge must pass requests on, for a step of a change to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passes {
    Forge,
    /// Who signs people in at the forge.
    Clients,
}

impl Containers {
    /// Makes the containers what the plan says, and waits until the edge passes requests on.
    pub(super) async fn apply(&self, work: &Work, to: &Plan, passes: Passes, check: Check) -> Result<(), Trouble> {
        if (passes == Passes::Clients || check == Check::Nothing) && work.all().next().is_none() {
            return Ok(());
        }
        let steps = work.all().filter_map(|name| Some((name, to.services.get(name)?)));
        let results = join_all(steps.map(|(name, spec)| self.renew(name, spec, work, to))).await;
        results.into_iter().collect::<Result<(), Trouble>>()?;
        let never = CancellationToken::new();
        let stands = async {
            match passes {
                _ if check == Check::Nothing => self.ready(work, to, &never).await,
                Passes::Forge => wait_for_edge(&self.standing, to, &never).await,
                Passes::Clients => wait_for_clients(&self.standing, to, &never).await,
            }
        };
        tokio::select! {
            stands = stands => stands,
            trouble = self.end_of_one(work) => Err(trouble),
        }
    }

    /// What was renewed is ready, and the edge answers, be it well or not.
    async fn ready(&self, work: &Work, to: &Plan, stop: &CancellationToken) -> Result<(), Trouble> {
        for name in work.all() {
            let (Some(container), Some(spec)) = (self.standing.container(name), to.services.get(name)) else {
                continue;
            };
            let (docker, container, healthcheck) = (&self.standing.docker, &container, spec.healthcheck.as_ref());
            Awaited { docker, service: name, container, healthcheck, passage: None }.ready(stop).await?;
        }
        wait_for_an_answer(&self.standing, to, stop).await
    }

    async fn renew(&self, name: &str, spec: &ServiceSpec, work: &Work, to: &Plan) -> Result<(), Trouble> {
        if work.refill.contains(name) {
            fill_files(&self.standing, to, name, spec).await?;
        }
        if work.recreate.contains(name) { self.recreate(name, spec, to).await } else { self.restart(name).await }
    }

    /// A new container with these settings, on the volumes of the old one.
    async fn recreate(&self, name: &str, spec: &ServiceSpec, to: &Plan) -> Result<(), Trouble> {
        let docker = &self.standing.docker;
        if let Some(old) = self.standing.container(name) {
            let stop = StopContainerOptionsBuilder::new().t(STOP_WITHIN).build();
            gone_is_fine(docker.stop_container(&old, Some(stop)).await)
                .map_err(|error| refused(name, "its container can't be stopped", &error))?;
            // Nameless volumes go with it; those with a name stay, and so does what is on them.
            let remove = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            gone_is_fine(docker.remove_container(&old, Some(remove)).await)
                .map_err(|error| refused(name, "its container can't be removed", &error))?;
        }
        let mounts = mounts(&self.standing.run, to, name, spec)?;
        let launched = launch(docker, &self.standing.run, name, spec, mounts).await;
        let container = launched.map_err(|error| match error {
            LaunchError::PortTaken(trouble) | LaunchError::Other(trouble) => trouble,
        })?;
        self.standing.note(name, container.clone());
        if meddlers::is_one(name) {
            // Whether its service is reached says nothing where the service has no check from outside.
            let healthcheck = spec.healthcheck.as_ref();
            let awaited = Awaited { docker, service: name, container: &container, healthcheck, passage: None };
            return awaited.ready(&CancellationToken::new()).await;
        }
        Ok(())
    }

    pub(in crate::stack::containers) async fn restart(&self, name: &str) -> Result<(), Trouble> {
        let Some(container) = self.standing.container(name) else { return Ok(()) };
        let restart = RestartContainerOptionsBuilder::new().t(STOP_WITHIN).build();
        let restarted = self.standing.docker.restart_container(&container, Some(restart)).await;
        restarted.map_err(|error| refused(name, "its container can't be restarted", &error))
    }

    /// Comes back as soon as one of the services that were renewed ends: it won't become ready any more.
    async fn end_of_one(&self, work: &Work) -> Trouble {
        let ends = work.all().filter_map(|name| {
            let container = self.standing.container(name)?;
            Some(Box::pin(async move {
                let condition = WaitContainerOptionsBuilder::new().condition("not-running").build();
                let mut ends = self.standing.docker.wait_container(&container, Some(condition));
                let code = match ends.next().await {
                    Some(Ok(answer)) => answer.status_code,
                    Some(Err(Error::DockerContainerWaitError { code, .. })) => code,
                    // The engine doesn't say: then the edge's silence will.
                    Some(Err(_)) | None => std::future::pending().await,
                };
                let log = log_lines(&self.standing.docker, &container, TROUBLE_LOG_LINES).await;
                let message = format!("it ended with exit code {code}");
                Trouble { service: Some(name.to_owned()), message, help: None, log }
            }))
        });
        let ends: Vec<_> = ends.collect();
        if ends.is_empty() { std::future::pending().await } else { select_all(ends).await.0 }
    }
}

/// Who isn't there needn't be stopped.
fn gone_is_fine(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(Error::DockerResponseServerError { status_code: 404 | 304, .. }) => Ok(()),
        other => other,
    }
}
