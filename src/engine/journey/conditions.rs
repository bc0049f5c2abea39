//! Whether a scenario or a step applies here.

use std::sync::Arc;

use scenario::model::{StackKind, When};
use verdict::evidence::{FailureKind, Outcome, StepRecord};

use super::{Surroundings, Walk};
use crate::engine::plan::{Condition, PlannedStep, Scope};
use crate::engine::problem::Problem;
use crate::engine::{content, expect};

/// Why the conditions aren't met; `None` where they are.
pub fn unmet(when: &When, surroundings: &Surroundings) -> Option<String> {
    if !when.modes.is_empty() && !when.modes.iter().any(|mode| mode.value == surroundings.mode) {
        return Some(format!("not in {} mode", surroundings.mode));
    }
    let scheme = surroundings.base.scheme.as_str();
    if !when.schemes.is_empty() && !when.schemes.iter().any(|wanted| wanted.value.as_str() == scheme) {
        return Some(format!("not over {scheme}"));
    }
    if !when.stacks.is_empty() && !when.stacks.iter().any(|kind| kind.value == surroundings.kind) {
        return Some(format!("not on the {} stack", surroundings.kind));
    }
    let missing = when.services.iter().find(|service| !surroundings.services.contains(&service.value));
    if let Some(service) = missing {
        return Some(format!("there is no {} here", service.value));
    }
    if when.writes && surroundings.kind == StackKind::External && !surroundings.allow_writes {
        return Some("it writes; give --allow-writes to let it".to_owned());
    }
    None
}

impl Walk<'_> {
    /// Where the step is a prerequisite and what it expects doesn't hold, the journey ends here as skipped. What kept it from
    /// being looked at stays a failure.
    pub(super) fn without_prerequisite(
        &mut self,
        planned: &PlannedStep,
        problems: Vec<Problem>,
        record: &mut StepRecord,
    ) -> Vec<Problem> {
        let is_unmet = !problems.is_empty() && problems.iter().all(|problem| problem.kind == FailureKind::Expectation);
        let Some(prerequisite) = planned.step.prerequisite.as_ref().filter(|_| is_unmet) else { return problems };
        let came = self.visitor.hops.last().map(expect::describe_hop).unwrap_or_default();
        let reason = self.desk.redactor().redact(&format!("{} ({came})", prerequisite.value)).into_owned();
        record.outcome = Outcome::Skipped;
        record.reason = Some(reason.clone());
        self.inapplicable_for = Some(reason);
        Vec::new()
    }

    /// Which of the conditions around the step, or of its own, isn't met; `None` where all are.
    pub(super) fn inapplicable(&mut self, planned: &PlannedStep) -> Result<Option<String>, Problem> {
        for condition in &planned.conditions {
            if let Some(reason) = self.unmet_around(condition)? {
                return Ok(Some(reason));
            }
        }
        self.unmet_here(&planned.step.when, &planned.scope)
    }

    /// The same of a condition around several steps. The first of them decides, as their own pages are others.
    pub(super) fn unmet_around(&mut self, condition: &Arc<Condition>) -> Result<Option<String>, Problem> {
        let known = self.decided.iter().find(|(other, _)| Arc::ptr_eq(other, condition));
        if let Some((_, reason)) = known {
            return Ok(reason.clone());
        }
        let reason = self.unmet_here(&condition.when, &condition.scope)?;
        self.decided.push((condition.clone(), reason.clone()));
        Ok(reason)
    }

    pub(super) fn unmet_here(&self, when: &When, scope: &Scope) -> Result<Option<String>, Problem> {
        if let Some(reason) = unmet(when, self.surroundings) {
            return Ok(Some(reason));
        }
        if when.css.is_none() && when.statuses.is_empty() {
            return Ok(None);
        }
        let Some(observation) = self.observation(&scope.source, scope) else {
            return Ok(Some("there is no page yet".to_owned()));
        };
        let status = observation.page.response.status;
        if !when.statuses.is_empty() && !when.statuses.iter().any(|wanted| wanted.value == status) {
            return Ok(Some(format!("the last answer was {status}")));
        }
        let Some(css) = &when.css else { return Ok(None) };
        let selector = observation.selector(css)?;
        // A page that can't be read has no elements.
        let found = observation.page.look(|document| content::elements(document, &selector, None));
        let is_missing = found.map_or(true, |elements| elements.is_empty());
        Ok(is_missing.then(|| format!("the last page has no `{}`", expect::shown(&css.value))))
    }
}
