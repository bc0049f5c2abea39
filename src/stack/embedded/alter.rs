//! What is to be wrong with the stack, once it is set up: the routes of the edge, and services that don't run.

use std::sync::PoisonError;

use futures_util::future::join_all;
use scenario::model::Service;
use verdict::evidence::Trouble;

use super::running::Double;
use super::{Embedded, trouble};
use crate::stack::StackOptions;

/// The routes that the edge has: those that it should have, with what the options say otherwise.
pub(super) fn served(routed: &routes::Site, options: &StackOptions) -> Result<routes::Site, Trouble> {
    routed.clone().changed(&options.routes).map_err(|error| trouble(Service::Edge, error.to_string()))
}

impl Embedded {
    /// Makes it what the options say. A service that was stopped has freed its port.
    pub(super) async fn alter(&self) -> Result<(), Trouble> {
        let served = served(&self.routed, &self.options)?;
        let mut stopped = Vec::new();
        {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(running) = running.as_mut() else { return Ok(()) };
            if served != self.routed {
                running.edge.replace(served).map_err(|error| trouble(Service::Edge, error.to_string()))?;
            }
            for service in &self.options.stop {
                let double = running.doubles.remove(service);
                stopped.push(double.ok_or_else(|| trouble(*service, "the embedded stack can't stop it".to_owned()))?);
            }
        }
        join_all(stopped.into_iter().map(Double::shutdown)).await;
        Ok(())
    }
}
