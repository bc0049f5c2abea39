//! One service on its way up: after those that it depends on, with its files, until it is ready.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bollard::models::Mount;
use scenario::model::Service;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

use super::compose::model::{Condition, ServiceSpec, VolumeSource};
use super::engine::refused;
use super::launch::{LaunchError, create, start};
use super::pass_on::Passage;
use super::plan::{Plan, Seed};
use super::ready::{Awaited, interrupted};
use super::run::Run;
use super::standing::Standing;
use super::volumes::{fill, fill_at, mount};

/// How far a service has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Waiting,
    Started,
    Ready,
}

/// One service on its way.
pub(super) struct Bringing<'a> {
    pub(super) standing: &'a Standing,
    pub(super) plan: &'a Plan,
    pub(super) name: &'a str,
    pub(super) spec: &'a ServiceSpec,
    pub(super) stages: &'a BTreeMap<String, watch::Sender<Stage>>,
    pub(super) reservation: &'a Mutex<Option<TcpListener>>,
    /// It was told something else than it should be: where it only goes on trying, that is what is to be seen.
    pub(super) is_altered: bool,
}

/// How long a service is awaited that was told something else, and that is started again whenever it ends.
pub(super) const ALTERED: Duration = Duration::from_secs(20);

impl Bringing<'_> {
    pub(super) async fn up(
        &self,
        progress: &(dyn Fn(String) + Send + Sync),
        stop: &CancellationToken,
    ) -> Result<(), LaunchError> {
        let docker = &self.standing.docker;
        let starting = || {
            progress(format!("starting {} ({})", self.name, self.spec.image));
            Instant::now()
        };
        if self.name != Service::Forge.as_str() {
            // Nothing takes longer than the forge: the engine and the processor are its own first.
            self.wait_for(Service::Forge.as_str(), Stage::Started, stop).await.map_err(LaunchError::Other)?;
        }
        // Who waits for others is created meanwhile, and starts when they are ready.
        let mut begun = self.spec.depends_on.is_empty().then(starting);
        let container = self.created(stop).await?;
        self.wait_for_others(stop).await.map_err(LaunchError::Other)?;
        let begun = *begun.get_or_insert_with(starting);
        if !self.spec.ports.is_empty() {
            drop(self.reservation.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
        start(docker, self.name, &container).await?;
        self.reached(Stage::Started);
        let passage = Passage::to(self.name, self.plan);
        if passage.is_some() {
            self.wait_for(Service::Edge.as_str(), Stage::Started, stop).await.map_err(LaunchError::Other)?;
        }
        let healthcheck = self.spec.healthcheck.as_ref();
        let awaited = Awaited { docker, service: self.name, container: &container, healthcheck, passage };
        if self.is_altered && self.spec.restarts {
            let ready = tokio::time::timeout(ALTERED, awaited.ready(stop)).await;
            if !matches!(ready, Ok(Ok(()))) && !stop.is_cancelled() {
                progress(format!("{} isn't ready, and goes on trying with what it was told", self.name));
                return Ok(());
            }
        }
        awaited.ready(stop).await.map_err(LaunchError::Other)?;
        self.reached(Stage::Ready);
        progress(format!("{} is ready after {:.1} s", self.name, begun.elapsed().as_secs_f64()));
        Ok(())
    }

    /// Its container, with its files, not yet started: that needs nobody else to be there.
    pub(super) async fn created(&self, stop: &CancellationToken) -> Result<String, LaunchError> {
        let (docker, run) = (&self.standing.docker, &self.standing.run);
        fill_files(self.standing, self.plan, self.name, self.spec).await.map_err(LaunchError::Other)?;
        let mounts = mounts(run, self.plan, self.name, self.spec).map_err(LaunchError::Other)?;
        if stop.is_cancelled() {
            return Err(LaunchError::Other(interrupted(self.name)));
        }
        let container = create(docker, run, self.name, self.spec, mounts).await?;
        self.standing.note(self.name, container.clone());
        Ok(container)
    }

    async fn wait_for_others(&self, stop: &CancellationToken) -> Result<(), Trouble> {
        for (other, condition) in &self.spec.depends_on {
            let wanted = match condition {
                Condition::Started => Stage::Started,
                Condition::Healthy => Stage::Ready,
            };
            self.wait_for(other, wanted, stop).await?;
        }
        Ok(())
    }

    /// Waits until another service has come so far; where there is none of the name, there is nobody to wait for.
    async fn wait_for(&self, other: &str, wanted: Stage, stop: &CancellationToken) -> Result<(), Trouble> {
        let Some(stage) = self.stages.get(other) else { return Ok(()) };
        let mut changes = stage.subscribe();
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(interrupted(self.name)),
            // The sender lives as long as this does.
            _ = changes.wait_for(|stage| *stage >= wanted) => Ok(()),
        }
    }

    fn reached(&self, stage: Stage) {
        if let Some(sender) = self.stages.get(self.name) {
            sender.send_replace(stage);
        }
    }
}

/// Puts the files of a service into its volumes.
pub(super) async fn fill_files(
    standing: &Standing,
    plan: &Plan,
    name: &str,
    spec: &ServiceSpec,
) -> Result<(), Trouble> {
    for (index, filled) in plan.filled_mounts(name, spec)?.into_iter().enumerate() {
        let done = fill(&standing.docker, &standing.run, &volume(name, index), &spec.image, &filled.files).await;
        done.map_err(|error| refused(name, "its files can't be copied", &error))?;
    }
    Ok(())
}

/// Puts what a service begins with into its volumes.
pub(super) async fn seed(standing: &Standing, plan: &Plan, name: &str, spec: &ServiceSpec) -> Result<(), Trouble> {
    for Seed { volume, target, files } in plan.seeds(name, spec) {
        let done = fill_at(&standing.docker, &standing.run, &volume, &target, &spec.image, &files).await;
        done.map_err(|error| refused(name, "what it begins with can't be copied", &error))?;
    }
    Ok(())
}

/// What a service mounts: named volumes, and those with its files.
pub(super) fn mounts(run: &Run, plan: &Plan, name: &str, spec: &ServiceSpec) -> Result<Vec<Mount>, Trouble> {
    let named = spec.volumes.iter().filter_map(|volume| match &volume.source {
        VolumeSource::Named(source) => Some(mount(run, source, &volume.target, volume.read_only)),
        VolumeSource::File(_) => None,
    });
    let filled = plan.filled_mounts(name, spec)?.into_iter().enumerate();
    Ok(named.chain(filled.map(|(index, filled)| mount(run, &volume(name, index), &filled.target, true))).collect())
}

fn volume(service: &str, index: usize) -> String {
    format!("{service}-files-{index}")
}
