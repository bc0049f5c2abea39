//! One service on its way up: after those that it depends on, with its files, until it is ready.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

use bollard::models::Mount;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

use super::compose::model::{Condition, ServiceSpec, VolumeSource};
use super::engine::refused;
use super::launch::{LaunchError, launch};
use super::plan::Plan;
use super::ready::{interrupted, wait_until_ready};
use super::standing::Standing;
use super::volumes::{fill, mount};

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
    pub(super) stages: &'a BTreeMap<&'a String, watch::Sender<Stage>>,
    pub(super) reservation: &'a Mutex<Option<TcpListener>>,
}

impl Bringing<'_> {
    pub(super) async fn up(
        &self,
        progress: &(dyn Fn(String) + Send + Sync),
        stop: &CancellationToken,
    ) -> Result<(), LaunchError> {
        let (docker, run) = (&self.standing.docker, &self.standing.run);
        self.wait_for_others(stop).await.map_err(LaunchError::Other)?;
        progress(format!("starting {} ({})", self.name, self.spec.image));
        let begun = Instant::now();
        let mounts = self.mounts().await?;
        if stop.is_cancelled() {
            return Err(LaunchError::Other(interrupted(self.name)));
        }
        if !self.spec.ports.is_empty() {
            drop(self.reservation.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
        let container = launch(docker, run, self.name, self.spec, mounts).await?;
        self.standing.note(self.name, container.clone());
        self.reached(Stage::Started);
        let ready = wait_until_ready(docker, self.name, &container, self.spec.healthcheck.as_ref(), stop).await;
        ready.map_err(LaunchError::Other)?;
        self.reached(Stage::Ready);
        progress(format!("{} is ready after {:.1} s", self.name, begun.elapsed().as_secs_f64()));
        Ok(())
    }

    async fn wait_for_others(&self, stop: &CancellationToken) -> Result<(), Trouble> {
        for (other, condition) in &self.spec.depends_on {
            let Some(stage) = self.stages.get(other) else { continue };
            let wanted = match condition {
                Condition::Started => Stage::Started,
                Condition::Healthy => Stage::Ready,
            };
            let mut changes = stage.subscribe();
            tokio::select! {
                // The sender lives as long as this does.
                _ = changes.wait_for(|stage| *stage >= wanted) => {}
                () = stop.cancelled() => {}
            }
        }
        if stop.is_cancelled() { Err(interrupted(self.name)) } else { Ok(()) }
    }

    fn reached(&self, stage: Stage) {
        if let Some((_, sender)) = self.stages.iter().find(|(name, _)| name.as_str() == self.name) {
            sender.send_replace(stage);
        }
    }

    /// The service's volumes, those with files filled.
    async fn mounts(&self) -> Result<Vec<Mount>, LaunchError> {
        let (docker, run) = (&self.standing.docker, &self.standing.run);
        let mut mounts = Vec::new();
        for volume in &self.spec.volumes {
            if let VolumeSource::Named(name) = &volume.source {
                mounts.push(mount(run, name, &volume.target, volume.read_only));
            }
        }
        let filled = self.plan.filled_mounts(self.name, self.spec).map_err(LaunchError::Other)?;
        for (index, filled) in filled.into_iter().enumerate() {
            let name = format!("{}-files-{index}", self.name);
            fill(docker, run, &name, &self.spec.image, &filled.files)
                .await
                .map_err(|error| LaunchError::Other(refused(self.name, "its files can't be copied", &error)))?;
            mounts.push(mount(run, &name, &filled.target, true));
        }
        Ok(mounts)
    }
}
