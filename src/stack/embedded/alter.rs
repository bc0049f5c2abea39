//! What is to be wrong with the stack, once it is set up: the routes of the edge, and services that don't run.

use std::sync::PoisonError;

use scenario::model::Service;
use verdict::evidence::Trouble;

use super::{Embedded, GRACE, trouble};
use crate::stack::StackOptions;

/// The routes that the edge has: those that it should have, with what the options say otherwise.
pub(super) fn served(routed: &routes::Site, options: &StackOptions) -> Result<routes::Site, Trouble> {
    routed.clone().changed(&options.routes).map_err(|error| trouble(Service::Edge, error.to_string()))
}

impl Embedded {
    /// Makes it what the options say. A service that was stopped has freed its port.
    pub(super) async fn alter(&self) -> Result<(), Trouble> {
        let served = served(&self.routed, &self.options)?;
        let mut stopped = (None, None);
        {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(running) = running.as_mut() else { return Ok(()) };
            if served != self.routed {
                running.edge.replace(served).map_err(|error| trouble(Service::Edge, error.to_string()))?;
            }
            for service in &self.options.stop {
                match service {
                    Service::Forge => stopped.0 = running.forge.take(),
                    Service::Staging => stopped.1 = running.staging.take(),
                    other => return Err(trouble(*other, "the embedded stack can't stop it".to_owned())),
                }
            }
        }
        if let Some(forge) = stopped.0 {
            forge.shutdown(GRACE).await;
        }
        if let Some(staging) = stopped.1 {
            staging.shutdown(GRACE).await;
        }
        Ok(())
    }
}
