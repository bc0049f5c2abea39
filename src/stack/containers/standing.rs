//! What a run has made so far, and its end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bollard::Docker;
use verdict::evidence::Trouble;

use super::cleanup::remove_run;
use super::run::Run;

/// A run's containers, networks and volumes, complete or not. When it is dropped without [`Standing::remove`], it
/// removes them all the same, and blocks until that is done.
pub(crate) struct Standing {
    /// The engine.
    pub(crate) docker: Docker,
    /// The run's mark.
    pub(crate) run: Run,
    containers: Mutex<BTreeMap<String, String>>,
    /// Nothing is to be removed: it is done, or the user wants to keep it.
    settled: AtomicBool,
}

impl Standing {
    pub(crate) fn new(docker: Docker, run: Run) -> Self {
        Self { docker, run, containers: Mutex::default(), settled: AtomicBool::new(false) }
    }

    /// Notes the container of a service.
    pub(crate) fn note(&self, service: &str, container: String) {
        self.containers().insert(service.to_owned(), container);
    }

    /// The container of a service.
    pub(crate) fn container(&self, service: &str) -> Option<String> {
        self.containers().get(service).cloned()
    }

    fn containers(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        // A panic can't leave a map of names half written.
        self.containers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves everything standing for good.
    pub(crate) fn keep(&self) {
        self.settled.store(true, Ordering::Release);
    }

    /// It isn't to be left standing after all.
    pub(crate) fn release(&self) {
        self.settled.store(false, Ordering::Release);
    }

    /// Removes everything; the second time there is nothing to do.
    pub(crate) async fn remove(&self) -> Result<(), Trouble> {
        if self.settled.load(Ordering::Acquire) {
            return Ok(());
        }
        remove_run(&self.docker, &self.run.id).await.map_err(|why| Trouble {
            service: None,
            message: format!("something of this run could not be removed: {why}"),
            help: Some(format!("the next run will try again; by hand: {}", self.run.removal_commands())),
            log: Vec::new(),
        })?;
        self.settled.store(true, Ordering::Release);
        Ok(())
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        if *self.settled.get_mut() {
            return;
        }
        let (docker, run) = (self.docker.clone(), self.run.id.clone());
        // A runtime of its own: this one may be on its way out. Nobody is left to tell of a failure; the next run
        // sweeps.
        let worker = std::thread::spawn(move || {
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
                drop(runtime.block_on(remove_run(&docker, &run)));
            }
        });
        drop(worker.join());
    }
}
