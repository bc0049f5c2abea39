//! Which stack faults are injected into, and whether it can express one.

use std::collections::BTreeSet;

use scenario::model::{Service, StackKind};
use tokio_util::sync::CancellationToken;
use verdict::evidence::{ServiceFacts, ServiceKind, Trouble};

use crate::engine::events::Nobody;
use crate::fault::Fault;
use crate::stack::embedded::{self, Embedded};
use crate::stack::{Changeable, Needs, Stack, StackOptions, containers};

/// What a stack with a fault is made of.
#[derive(Debug)]
pub struct Ground {
    /// Its kind; never external: nothing is injected into what somebody else runs.
    pub kind: StackKind,
    /// The services that it has.
    pub services: BTreeSet<Service>,
    /// How it would be stood up with nothing wrong.
    pub options: StackOptions,
}

/// Why there is no stack with a fault.
pub(super) enum NotUp {
    /// Such a stack can't express it.
    NotApplicable(String),
    /// It didn't stand.
    Trouble(Trouble),
}

impl Ground {
    /// Stands a stack up with this wrong.
    pub(super) async fn up(&self, fault: &Fault, cancel: &CancellationToken) -> Result<Box<dyn Changeable>, NotUp> {
        if let Some(reason) = self.lacks(fault) {
            return Err(NotUp::NotApplicable(reason));
        }
        let options = fault.inject.clone().into_options(self.options.clone());
        if self.kind == StackKind::Embedded {
            return match Embedded::start(&options).await {
                Ok(stack) => Ok(Box::new(stack)),
                Err(trouble) => Err(NotUp::Trouble(trouble)),
            };
        }
        let needs = Needs { services: self.services.clone() };
        let stack = containers::up(&needs, &options, &Nobody, cancel).await.map_err(NotUp::Trouble)?;
        // Only a stack that stands says which of its services are doubles.
        let is_double = |service: Service| {
            let is_it = |facts: &ServiceFacts| facts.name == service.as_str() && facts.kind == ServiceKind::Double;
            stack.facts().services.iter().any(is_it)
        };
        match fault.inject.unknown_to_doubles(&is_double) {
            None => Ok(Box::new(stack)),
            Some(reason) => match stack.down().await {
                Ok(()) => Err(NotUp::NotApplicable(reason)),
                Err(trouble) => Err(NotUp::Trouble(trouble)),
            },
        }
    }

    /// Why this kind of stack can't express the fault, as far as that is known beforehand.
    fn lacks(&self, fault: &Fault) -> Option<String> {
        let present = match self.kind {
            // It has all of them, whatever the scenarios ask for.
            StackKind::Embedded => embedded::SERVICES.iter().copied().collect(),
            // Besides what was asked for, what comes along: the CI's agent.
            _ => {
                let comes_along = containers::SERVICES.iter().copied().filter(|part| !Service::ALL.contains(part));
                self.services.iter().copied().chain(comes_along).collect()
            }
        };
        fault.inject.inapplicable(self.kind, self.options.mode, &present)
    }
}

/// Trouble with no service to its name.
pub(super) fn general(message: String) -> Trouble {
    Trouble { service: None, message, help: None, log: Vec::new() }
}
