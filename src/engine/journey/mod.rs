//! One scenario from its first step to its last.
//!
//! - `conditions`: whether it, or a step of it, applies here
//! - `step`: one step, and what takes it back
//! - `attempt`: trying it, once or again and again
//! - `words`: what it is called, and what is said of one that came to no end

mod attempt;
mod conditions;
mod step;
mod words;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use scenario::model::{Mode, Service, StackKind};
use scenario::{Diagnostic, Redactor};
use verdict::evidence::{Journey, Outcome};

use super::consents::Consents;
use super::desk::Desk;
use super::events::Sink;
use super::http::connect::Connector;
use super::http::target::Origin;
use super::plan::{Condition, Plan};
use super::problem::Problem;
use super::refused::AllRefused;
use super::steps::{Noted, Undo};
use super::trace;
use super::variables::Variables;
use super::visitor::Visitor;
use crate::stack::Arrivals;
pub use conditions::unmet;

/// The longest that a step may take where it doesn't say.
pub const STEP_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest that a scenario may take where neither it nor the command line says.
pub const SCENARIO_TIMEOUT: Duration = Duration::from_secs(120);

/// What all journeys of a run share.
pub struct Surroundings {
    /// Opens connections.
    pub connector: Connector,
    /// The origin that plain paths are relative to.
    pub base: Origin,
    /// The routing mode.
    pub mode: Mode,
    /// The kind of stack.
    pub kind: StackKind,
    /// The services that are there.
    pub services: Vec<Service>,
    /// Those that may still be on their way.
    pub arrivals: Arrivals,
    /// Which sign-in is the first at a client.
    pub consents: Consents,
    /// Scenarios that change something may run.
    pub allow_writes: bool,
    /// The longest that a scenario may take where it doesn't say.
    pub timeout: Duration,
    /// The variables at the beginning of each journey.
    pub variables: Variables,
    /// Knows every secret of the run, those that journeys met on their way included: for what is read after them, such as
    /// the logs of services.
    pub secrets: Mutex<Redactor>,
    /// Requests that were refused although they carried credentials.
    pub refused: AllRefused,
    /// Where events go.
    pub sink: Arc<dyn Sink>,
}

/// Runs a journey. Gives what happened, and the located problems.
pub async fn run(index: usize, plan: &Plan, surroundings: &Surroundings) -> (Journey, Vec<Diagnostic>) {
    let scenario = &plan.scenario;
    let started = Instant::now();
    let mut journey = Journey {
        name: scenario.name.value.clone(),
        file: scenario.source.name.clone(),
        tags: scenario.tags.iter().map(|tag| tag.value.clone()).collect(),
        outcome: Outcome::Passed,
        reason: None,
        duration_ms: 0.0,
        steps: Vec::new(),
        logs: Vec::new(),
    };
    if let Some(reason) = unmet(&scenario.when, surroundings) {
        journey.outcome = Outcome::Skipped;
        journey.reason = Some(reason);
        return (journey, Vec::new());
    }
    let limit = scenario.timeout.as_ref().map_or(surroundings.timeout, |timeout| timeout.value);
    let desk = Desk::new(index, &*surroundings.sink, &surroundings.secrets, surroundings.variables.redactor());
    let mut walk = Walk {
        surroundings,
        desk: &desk,
        visitor: Visitor::new(surroundings.connector.clone()),
        variables: surroundings.variables.clone(),
        secrets: plan.secret_names(),
        ends: started + limit,
        scenario_limit: limit,
        decided: Vec::new(),
        inapplicable_for: None,
        last_problems: Vec::new(),
        noted: Noted::default(),
        undo: Vec::new(),
    };
    for planned in &plan.steps {
        let outcome = walk.step(planned).await;
        if outcome == Outcome::Failed {
            journey.outcome = Outcome::Failed;
            break;
        }
        if let Some(reason) = walk.inapplicable_for.take() {
            journey.outcome = Outcome::Skipped;
            journey.reason = Some(reason);
            break;
        }
    }
    // However it ended, nothing is left behind.
    while let Some(undo) = walk.undo.pop() {
        if walk.take_back(&undo).await == Outcome::Failed {
            journey.outcome = Outcome::Failed;
        }
    }
    let (steps, diagnostics) = desk.clear();
    journey.steps = steps;
    let is_empty = journey.steps.iter().all(|step| step.outcome == Outcome::Skipped);
    if is_empty && journey.outcome == Outcome::Passed {
        journey.outcome = Outcome::Skipped;
        journey.reason = Some("none of its steps applies here".to_owned());
    }
    journey.duration_ms = trace::milliseconds(started.elapsed());
    (journey, diagnostics)
}

/// A journey on its way.
struct Walk<'a> {
    surroundings: &'a Surroundings,
    desk: &'a Desk<'a>,
    visitor: Visitor,
    variables: Variables,
    secrets: Vec<String>,
    ends: Instant,
    scenario_limit: Duration,
    /// Conditions around several steps that were looked at, with what is unmet of them.
    decided: Vec<(Arc<Condition>, Option<String>)>,
    /// A prerequisite that isn't met, with what came.
    inapplicable_for: Option<String>,
    /// Of a step that is tried again: what was wrong with the last try that came to its end.
    last_problems: Vec<Problem>,
    /// What the action at hand notes down.
    noted: Noted,
    /// What is to be undone when the journey ends, in the order in which it was done.
    undo: Vec<Undo>,
}
