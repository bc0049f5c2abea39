//! One step of a journey, and what takes it back.

use std::time::{Duration, Instant};

use scenario::model::Action;
use verdict::evidence::Outcome;

use super::words::blank;
use super::{STEP_TIMEOUT, Walk};
use crate::engine::desk::Seen;
use crate::engine::plan::PlannedStep;
use crate::engine::repository::Repository;
use crate::engine::steps::{Act, Acting, Undo};
use crate::engine::trace;

impl Walk<'_> {
    /// Does a step, and lays down what was seen of it.
    pub(super) async fn step(&mut self, planned: &PlannedStep) -> Outcome {
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
                self.desk.lay(Seen::only(record, Vec::new()));
                return Outcome::Skipped;
            }
            Err(problem) => {
                record.outcome = Outcome::Failed;
                self.desk.lay(Seen::only(record, vec![problem]));
                return Outcome::Failed;
            }
        }
        let own_limit = step.timeout.as_ref().map(|timeout| timeout.value).unwrap_or_else(|| {
            STEP_TIMEOUT.max(step.retry.as_ref().map_or(Duration::ZERO, |retry| retry.within.value + STEP_TIMEOUT))
        });
        let left = self.ends.saturating_duration_since(started);
        let desk = self.desk;
        let trying = tokio::time::timeout(own_limit.min(left), self.attempts(planned, &mut record.attempts));
        // The first request is on its way when this has its turn.
        let writing = async {
            tokio::task::yield_now().await;
            desk.write();
        };
        let (result, ()) = tokio::join!(trying, writing);
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
            self.surroundings.refused.note(&self.visitor.hops);
        }
        self.take_kept();
        let outcome = record.outcome;
        let repository = self.visitor.repository.as_ref().filter(|_| matches!(step.action, Action::Git(_)));
        let git = repository.map(Repository::record);
        record.duration_ms = trace::milliseconds(started.elapsed());
        self.desk.lay(Seen {
            record,
            problems,
            hops: std::mem::take(&mut self.visitor.hops),
            assets: self.visitor.assets.take(),
            socket: self.visitor.socket.take(),
            oauth: self.noted.oauth.take(),
            git,
            credentials: self.credentials(planned),
        });
        outcome
    }

    /// The credentials of the step itself.
    fn credentials(&self, planned: &PlannedStep) -> Option<String> {
        let template = planned.step.action.credentials()?;
        template.value.render(&|name| self.variables.lookup(&planned.scope, name)).ok()
    }

    /// Takes back what a step did. The journey's own time may be over by then.
    pub(super) async fn take_back(&mut self, undo: &Undo) -> Outcome {
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
            desk: self.desk,
            secrets: &self.secrets,
            consents: &self.surroundings.consents,
            noted: &mut self.noted,
            undo: &mut nothing,
        };
        let result = tokio::time::timeout(STEP_TIMEOUT, undo.act(&mut acting)).await;
        let problem = match result {
            Ok(result) => result.err(),
            Err(_) => Some(self.timed_out(planned, planned.step.span, STEP_TIMEOUT, "taking it back")),
        };
        if problem.is_some() {
            record.outcome = Outcome::Failed;
        }
        let outcome = record.outcome;
        record.duration_ms = trace::milliseconds(started.elapsed());
        let hops = std::mem::take(&mut self.visitor.hops);
        self.desk.lay(Seen { hops, ..Seen::only(record, problem.into_iter().collect()) });
        outcome
    }

    /// Hides the values that the step sees under the names of secrets, wherever they come from: a `use` may hand them in.
    fn hide_declared(&mut self, planned: &PlannedStep) {
        let values: Vec<String> =
            self.secrets.iter().filter_map(|name| self.variables.lookup(&planned.scope, name)).collect();
        values.iter().for_each(|value| self.desk.hide(value));
    }
}
