//! What must never be printed: declared secrets, and what journeys meet of codes, tokens and credentials.

use std::sync::PoisonError;

use scenario::{Redactor, Secret};

use super::Walk;
use crate::engine::plan::PlannedStep;
use crate::engine::trace;

impl Walk<'_> {
    /// Hides the values that the step sees under the names of secrets, wherever they come from: a `use` may hand them in.
    pub(super) fn hide_declared(&mut self, planned: &PlannedStep) {
        let values: Vec<String> =
            self.secrets.iter().filter_map(|name| self.variables.lookup(&planned.scope, name)).collect();
        values.iter().for_each(|value| self.hide(value));
    }

    pub(super) fn hide(&mut self, value: &str) {
        if self.hidden.iter().any(|known| known == value) {
            return;
        }
        self.hidden.push(value.to_owned());
        let mut learned = Redactor::new();
        learned.add(&Secret::new(value));
        self.redactor.learn(&learned);
        self.surroundings.secrets.lock().unwrap_or_else(PoisonError::into_inner).learn(&learned);
    }

    /// Hides what the exchanges of the step carried of codes and tokens, and the credentials of the step itself.
    pub(super) fn hide_tokens(&mut self, planned: &PlannedStep) {
        let own = planned
            .step
            .action
            .credentials()
            .and_then(|template| template.value.render(&|name| self.variables.lookup(&planned.scope, name)).ok());
        let carried: Vec<String> = self.visitor.hops.iter().flat_map(trace::tokens).collect();
        own.iter().chain(&carried).for_each(|value| self.hide(value));
    }
}
