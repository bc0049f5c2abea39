//! Which stack faults are injected into, and whether it can express one.

use std::collections::BTreeSet;

use scenario::model::{Service, StackKind};
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

use super::Silence;
use crate::fault::Fault;
use crate::stack::embedded::{self, Embedded};
use crate::stack::{Changeable, Needs, StackOptions, containers};

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
        let stack: Result<Box<dyn Changeable>, Trouble> = match self.kind {
            StackKind::Embedded => Embedded::start(&options).await.map(|stack| Box::new(stack) as _),
            _ => {
                let needs = Needs { services: self.services.clone() };
                containers::up(&needs, &options, &Silence, cancel).await.map(|stack| Box::new(stack) as _)
            }
        };
        stack.map_err(NotUp::Trouble)
    }

    /// Why this kind of stack can't express the fault.
    fn lacks(&self, fault: &Fault) -> Option<String> {
        let has: &[Service] = match self.kind {
            StackKind::Embedded => embedded::SERVICES,
            _ => containers::SERVICES,
        };
        fault.inject.inapplicable(self.kind, self.options.mode, &has.iter().copied().collect())
    }
}

/// Trouble with no service to its name.
pub(super) fn general(message: String) -> Trouble {
    Trouble { service: None, message, help: None, log: Vec::new() }
}
