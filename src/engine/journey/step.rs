//! One step of a journey, and what takes it back.

use std::time::{Duration, Instant};

use scenario::Diagnostic;
use scenario::model::Action;
use verdict::evidence::{Outcome, StepRecord};

use super::words::blank;
use super::{STEP_TIMEOUT, Walk};
use crate::engine::plan::PlannedStep;
use crate::engine::steps::{Act, Acting, Undo};
use crate::engine::{assets, trace};

impl Walk<'_> {
    pub(super) async fn step(&mut self, planned: &PlannedStep) -> (StepRecord, Vec<Diagnostic>) {
        let started = Instant::now();
        self.last_problems.clear();
        self.hide_declared(planned);
        let step = &planned.step;
        let mut record = blank(planned, self.title(planned));
        match self.inapplicable(planned) {
            Ok(None) => {}
            Ok(reason) => {
                record.outcome = Outcome::Skipped;
                record.reason = reason;
                return (record, Vec::new());
            }
            Err(problem) => {
                let (failure, diagnostic) = problem.report(&self.redactor);
                record.outcome = Outcome::Failed;
                record.failures.push(failure);
                return (record, vec![diagnostic]);
            }
        }
        let own_limit = step.timeout.as_ref().map(|timeout| timeout.value).unwrap_or_else(|| {
            STEP_TIMEOUT.max(step.retry.as_ref().map_or(Duration::ZERO, |retry| retry.within.value + STEP_TIMEOUT))
        });
        let left = self.ends.saturating_duration_since(started);
        let result = tokio::time::timeout(own_limit.min(left), self.attempts(planned, &mut record.attempts)).await;
        let problems = match result {
            Ok(problems) => problems,
            Err(_) => {
                let (span, limit, whose) = match &step.timeout {
                    _ if left < own_limit => (step.span, self.scenario_limit, "the scenario"),
                    Some(timeout) => (timeout.span, own_limit, "the step"),
                    None => (step.span, own_limit, "the step"),
                };
                let missed = self.timed_out(planned, span, limit, whose);
                // Of a step that is tried again and again, the last answer says more than that time was over.
                let last_problems = std::mem::take(&mut self.last_problems);
                if last_problems.is_empty() { vec![missed] } else { last_problems }
            }
        };
        let problems = self.without_prerequisite(planned, problems, &mut record);
        if !problems.is_empty() {
            record.outcome = Outcome::Failed;
        }
        self.take_kept();
        record.websocket = self.visitor.socket.take().map(|socket| socket.record(&self.redactor));
        self.hide_tokens(planned);
        if let (Action::Git(_), Some(repository)) = (&step.action, &self.visitor.repository) {
            record.git = Some(trace::repository(repository, &self.redactor));
        }
        if record.outcome == Outcome::Failed {
            self.surroundings.refused.note(&self.visitor.hops);
        }
        let of_assets = self.visitor.assets.as_ref().map(assets::hops).unwrap_or_default();
        let hops = self.visitor.hops.iter().chain(of_assets);
        record.trace = hops.map(|hop| trace::exchange(hop, &self.redactor)).collect();
        record.assets = self.visitor.assets.as_ref().map(|book| assets::record(book, &self.redactor));
        let (failures, diagnostics): (Vec<_>, Vec<_>) =
            problems.into_iter().map(|problem| problem.report(&self.redactor)).unzip();
        record.failures = failures;
        record.oauth = self.noted.oauth.take().map(|oauth| trace::oauth(oauth, &self.redactor));
        record.duration_ms = trace::milliseconds(started.elapsed());
        (record, diagnostics)
    }

    /// Takes back what a step did. The journey's own time may be over by then.
    pub(super) async fn take_back(&mut self, undo: &Undo) -> (StepRecord, Vec<Diagnostic>) {
        let started = Instant::now();
        let planned = undo.planned();
        let mut record = blank(planned, undo.title());
        record.attempts = 1;
        self.visitor.hops.clear();
        self.visitor.focus = None;
        let mut nothing = Vec::new();
        let mut acting = Acting {
            planned,
            visitor: &mut self.visitor,
            variables: &self.variables,
            base: &self.surroundings.base,
            redactor: &self.redactor,
            secrets: &self.secrets,
            noted: &mut self.noted,
            undo: &mut nothing,
        };
        let result = tokio::time::timeout(STEP_TIMEOUT, undo.act(&mut acting)).await;
        let problem = match result {
            Ok(result) => result.err(),
            Err(_) => Some(self.timed_out(planned, planned.step.span, STEP_TIMEOUT, "taking it back")),
        };
        record.trace = self.visitor.hops.iter().map(|hop| trace::exchange(hop, &self.redactor)).collect();
        let (failures, diagnostics): (Vec<_>, Vec<_>) =
            problem.into_iter().map(|problem| problem.report(&self.redactor)).unzip();
        if !failures.is_empty() {
            record.outcome = Outcome::Failed;
        }
        record.failures = failures;
        record.duration_ms = trace::milliseconds(started.elapsed());
        (record, diagnostics)
    }
}
