//! What is otherwise than in an earlier run in which all was well: after an upgrade, the first hop where a journey leaves its old way.
//!
//! Two traces are compared step by step and hop by hop. What differs between any two healthy runs counts as the same:
//! the site's own address, numbers, identifiers, random values ([`volatile`]).

mod hop;
mod volatile;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evidence::{Journey, Outcome, StackFacts, StepRecord};
use volatile::Site;

/// What is otherwise than in an earlier run in which all was well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changes {
    /// When that run began (RFC 3339).
    pub since: String,
    /// The services that are of another version, or run from another image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceChange>,
    /// The scenarios that passed then and don't now, each with the first hop that differs.
    pub scenarios: Vec<ScenarioChange>,
}

/// A service that is another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceChange {
    /// The service.
    pub service: String,
    /// Its version then; its image where it doesn't say a version.
    pub was: String,
    /// The same now.
    pub now: String,
}

/// A scenario that passed then and doesn't now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioChange {
    /// Its name.
    pub scenario: String,
    /// Its file, as the user gave it.
    pub file: String,
    /// Its first step that went otherwise, from 1; of steps that are alike, the first that fails.
    pub step: usize,
    /// The step's name, or what it did.
    pub title: String,
    /// The file that the step stands in.
    pub step_file: String,
    /// The step's line, from 1.
    pub line: usize,
    /// The first hop of the step that differs, from 1; none where it isn't one hop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hop: Option<usize>,
    /// What was asked in that hop: method and URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// What differs there. None where every hop is as it was: then something else makes the step fail.
    pub differences: Vec<Difference>,
}

/// Something that differs, in the words of now: the site's address of then is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// What it is: `status`, `Location`, `Content-Type`, `cookie NAME` and so on.
    pub what: String,
    /// How it was.
    pub was: String,
    /// How it is.
    pub now: String,
}

impl Difference {
    fn new(what: impl Into<String>, was: impl Into<String>, now: impl Into<String>) -> Self {
        Self { what: what.into(), was: was.into(), now: now.into() }
    }
}

/// A run as it is compared.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The stack.
    pub stack: &'a StackFacts,
    /// The journeys.
    pub journeys: &'a [Journey],
}

/// What is otherwise `now` than `then`. A scenario counts where it passed then and failed or could not be tried now.
pub fn since(began: impl Into<String>, then: Run<'_>, now: Run<'_>) -> Changes {
    let (was, is) = (Site::new(&then.stack.base_url), Site::new(&now.stack.base_url));
    let scenarios = now.journeys.iter().filter(|journey| is_bad(journey.outcome)).filter_map(|journey| {
        let same = |other: &&Journey| (&other.name, &other.file) == (&journey.name, &journey.file);
        let before = then.journeys.iter().find(same).filter(|before| before.outcome == Outcome::Passed)?;
        journey_change(before, journey, &was, &is)
    });
    Changes { since: began.into(), services: services(then.stack, now.stack), scenarios: scenarios.collect() }
}

fn is_bad(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Failed | Outcome::Errored)
}

fn services(then: &StackFacts, now: &StackFacts) -> Vec<ServiceChange> {
    let change = |service: &crate::evidence::ServiceFacts| {
        let before = then.services.iter().find(|before| before.name == service.name)?;
        let versions = (before.version.clone(), service.version.clone());
        let images = (before.image.clone(), service.image.clone());
        let (was, now) = match (versions, images) {
            ((Some(was), Some(now)), _) if was != now => (was, now),
            (_, (Some(was), Some(now))) if was != now => (was, now),
            _ => return None,
        };
        Some(ServiceChange { service: service.name.clone(), was, now })
    };
    now.services.iter().filter_map(change).collect()
}

/// The first step in which the journey left its old way; none where there is nothing to be told.
fn journey_change(then: &Journey, now: &Journey, was: &Site, is: &Site) -> Option<ScenarioChange> {
    let told = |(index, step): (usize, &StepRecord), place: Option<(usize, String)>, differences: Vec<Difference>| {
        let (hop, request) = place.unzip();
        ScenarioChange {
            scenario: now.name.clone(),
            file: now.file.clone(),
            step: index + 1,
            title: step.title.clone(),
            step_file: step.file.clone(),
            line: step.line,
            hop,
            request,
            differences,
        }
    };
    for (index, (before, step)) in then.steps.iter().zip(&now.steps).enumerate() {
        if (&before.kind, before.outcome == Outcome::Skipped) != (&step.kind, step.outcome == Outcome::Skipped) {
            let said = |step: &StepRecord| match step.outcome {
                Outcome::Skipped => format!("`{}`, skipped", step.title),
                _ => format!("`{}`, taken", step.title),
            };
            return Some(told((index, step), None, vec![Difference::new("step", said(before), said(step))]));
        }
        if let Some((place, differences)) = hop::first(before, step, was, is) {
            return Some(told((index, step), place, differences));
        }
    }
    // Alike as far as can be seen: the step that fails, without a difference.
    let failed = now.steps.iter().enumerate().find(|(_, step)| is_bad(step.outcome))?;
    Some(told(failed, None, Vec::new()))
}
