//! Trying a step: what it does, what is expected of what comes, and what is kept of it.

use std::sync::Arc;
use std::time::Instant;

use scenario::Source;
use scenario::model::Action;
use verdict::evidence::FailureKind;

use super::Walk;
use crate::engine::expect::{self, Observation};
use crate::engine::plan::{PlannedStep, Scope};
use crate::engine::problem::Problem;
use crate::engine::steps::{self, Acting, Noted};
use crate::engine::{assets, capture};

impl Walk<'_> {
    /// Tries until nothing is wrong, or the time for trying is over. Gives what was wrong with the last try.
    pub(super) async fn attempts(&mut self, planned: &PlannedStep, attempts: &mut usize) -> Vec<Problem> {
        let started = Instant::now();
        let page_before = self.visitor.page.clone();
        loop {
            *attempts += 1;
            self.visitor.hops.clear();
            self.visitor.socket = None;
            self.visitor.focus = None;
            self.noted = Noted::default();
            self.visitor.assets = None;
            self.visitor.page.clone_from(&page_before);
            let problems = self.attempt(planned).await;
            let Some(retry) = &planned.step.retry else { return problems };
            let is_final = problems.is_empty() || problems.iter().any(|problem| problem.kind == FailureKind::Scenario);
            if is_final || started.elapsed() + retry.every > retry.within.value {
                return problems;
            }
            self.last_problems = problems;
            tokio::time::sleep(retry.every).await;
        }
    }

    pub(super) async fn attempt(&mut self, planned: &PlannedStep) -> Vec<Problem> {
        let Some(action) = steps::of(&planned.step.action) else { return Vec::new() };
        let page_before = self.visitor.page.clone();
        if matches!(planned.step.action, Action::Git(_)) {
            self.visitor.repository = None;
        }
        let mut acting = Acting {
            planned,
            visitor: &mut self.visitor,
            variables: &self.variables,
            base: &self.surroundings.base,
            desk: self.desk,
            secrets: &self.secrets,
            consents: &self.surroundings.consents,
            noted: &mut self.noted,
            undo: &mut self.undo,
        };
        let result = action.act(&mut acting).await;
        self.take_kept();
        if let Err(problem) = result {
            return vec![problem];
        }
        let mut problems = std::mem::take(&mut self.noted.problems);
        if problems.is_empty() {
            problems = self.expectations(planned);
        }
        if let Some(book) = &self.visitor.assets {
            problems.extend(assets::problems(book, planned));
        }
        if problems.is_empty() {
            problems = self.captures(planned);
        }
        if let Action::WebSocket(_) = planned.step.action {
            // The page that opened it is still the page.
            self.visitor.page = page_before;
        }
        problems
    }

    /// What the step kept on its way are variables from here on.
    pub(super) fn take_kept(&mut self) {
        for kept in std::mem::take(&mut self.visitor.kept) {
            if kept.secret {
                self.desk.hide(&kept.value);
            }
            self.variables.capture(&kept.name, kept.value);
        }
    }

    pub(super) fn expectations(&self, planned: &PlannedStep) -> Vec<Problem> {
        let Some(mut observation) = self.observation(&planned.source, &planned.scope) else { return Vec::new() };
        observation.is_call = matches!(planned.step.action, Action::Api(_));
        let expectations = planned.step.expect.iter();
        expectations.filter_map(|expectation| expect::check(&observation, expectation).err()).collect()
    }

    pub(super) fn captures(&mut self, planned: &PlannedStep) -> Vec<Problem> {
        for capture in &planned.step.capture {
            let Some(observation) = self.observation(&planned.source, &planned.scope) else { return Vec::new() };
            match capture::capture(&observation, capture) {
                Ok(value) => {
                    if capture.secret || self.secrets.contains(&capture.name.value) {
                        self.desk.hide(&value);
                    }
                    self.variables.capture(&capture.name.value, value);
                }
                Err(problem) => return vec![problem],
            }
        }
        Vec::new()
    }

    /// What the last exchange left behind; `None` where nothing ever came.
    pub(super) fn observation<'a>(&'a self, source: &'a Arc<Source>, scope: &'a Scope) -> Option<Observation<'a>> {
        Some(Observation {
            source,
            visitor: &self.visitor,
            page: self.visitor.page.as_ref()?,
            variables: &self.variables,
            scope,
            desk: self.desk,
            is_call: false,
        })
    }
}
