//! Who follows when the stack is ready: the demo repository, and a service that waits for one which signs people in at the forge, and that nobody reaches
//! but by it. Its container was created meanwhile; it starts when nobody else needs the processor to come up.

use bollard::Docker;
use scenario::model::Service;
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

use super::bring::ALTERED;
use super::compose::model::Healthcheck;
use super::inside::log_lines;
use super::launch::{LaunchError, start};
use super::ready::{Awaited, TROUBLE_LOG_LINES, interrupted};
use crate::stack::api::Way;
use crate::stack::bootstrap::Forge;

/// The demo repository, which those who speak of the forge wait for.
pub(super) struct Repository {
    pub(super) forge: Forge,
    pub(super) url: String,
    pub(super) way: Way,
    pub(super) docker: Docker,
    /// The forge's.
    pub(super) container: String,
}

impl Repository {
    /// Makes it.
    ///
    /// # Errors
    /// The forge's answer; `stop` was called.
    pub(super) async fn arrive(self, stop: CancellationToken) -> Result<(), Trouble> {
        let Self { forge, url, way, docker, container } = &self;
        let made = tokio::select! {
            made = forge.create_repository(url, way) => made,
            () = stop.cancelled() => return Err(interrupted(Service::Forge.as_str())),
        };
        let Err(error) = made else { return Ok(()) };
        let log = log_lines(docker, container, TROUBLE_LOG_LINES).await;
        Err(Trouble { service: Some(Service::Forge.to_string()), message: error.to_string(), help: None, log })
    }
}

/// A service whose container is there, not yet started.
pub(super) struct Follower {
    pub(super) service: Service,
    pub(super) docker: Docker,
    pub(super) container: String,
    pub(super) healthcheck: Option<Healthcheck>,
    /// It was told something else than it should be, and starts again whenever it ends: what comes of that is to be seen.
    pub(super) goes_on_trying: bool,
}

impl Follower {
    /// Starts it, and waits until it is ready.
    ///
    /// # Errors
    /// Why it won't be; `stop` was called.
    pub(super) async fn arrive(self, stop: CancellationToken) -> Result<(), Trouble> {
        let Self { service, docker, container, healthcheck, goes_on_trying } = &self;
        let name = service.as_str();
        start(docker, name, container).await.map_err(LaunchError::into_trouble)?;
        let awaited = Awaited { docker, service: name, container, healthcheck: healthcheck.as_ref(), passage: None };
        let ready = awaited.ready(&stop);
        if *goes_on_trying {
            return tokio::time::timeout(ALTERED, ready).await.map_or(Ok(()), |_| Ok(()));
        }
        ready.await
    }
}
