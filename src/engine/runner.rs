//! All journeys of a run, several at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use verdict::evidence::{Journey, Outcome};

use super::events::Event;
use super::journey::{self, Surroundings};
use super::plan::Plan;

/// How a run goes about its journeys.
#[derive(Debug, Clone)]
pub struct Pace {
    /// How many journeys at once; at least one.
    pub jobs: usize,
    /// Begin no more journeys after the first failure.
    pub fail_fast: bool,
    /// How often a failed journey is begun anew before it counts as failed.
    pub retries: usize,
    /// Cancelled when the user wants to stop.
    pub cancel: CancellationToken,
}

/// Runs all plans, and gives their journeys in the same order.
pub async fn run(plans: &[Arc<Plan>], surroundings: &Arc<Surroundings>, pace: &Pace) -> Vec<Journey> {
    surroundings.sink.emit(Event::RunStarted { scenarios: plans.len() });
    let slots = Arc::new(Semaphore::new(pace.jobs.max(1)));
    let stop = CancellationToken::new();
    let mut tasks = Vec::with_capacity(plans.len());
    for (index, plan) in plans.iter().enumerate() {
        // Waited for here rather than in the task, so that journeys begin in their order.
        let slot = slots.clone().acquire_owned().await.ok();
        let task = one(index, plan.clone(), surroundings.clone(), slot, stop.clone(), pace.clone());
        tasks.push(tokio::spawn(task));
    }
    let mut journeys = Vec::with_capacity(tasks.len());
    for (plan, task) in plans.iter().zip(tasks) {
        let joined = task.await;
        journeys.push(joined.unwrap_or_else(|error| not_run(plan, Outcome::Errored, &panicked(&error))));
    }
    journeys
}

async fn one(
    index: usize,
    plan: Arc<Plan>,
    surroundings: Arc<Surroundings>,
    _slot: Option<OwnedSemaphorePermit>,
    stop: CancellationToken,
    pace: Pace,
) -> Journey {
    let sink = surroundings.sink.clone();
    let reason = if pace.cancel.is_cancelled() {
        Some((Outcome::Errored, "interrupted before it began"))
    } else if stop.is_cancelled() {
        Some((Outcome::Skipped, "an earlier scenario failed (--fail-fast)"))
    } else {
        None
    };
    let (name, file) = (plan.scenario.name.value.clone(), plan.scenario.source.name.clone());
    sink.emit(Event::ScenarioStarted { index, name, file });
    let (journey, diagnostics) = match reason {
        Some((outcome, reason)) => (not_run(&plan, outcome, reason), Vec::new()),
        None => tokio::select! {
            biased;
            () = pace.cancel.cancelled() => (not_run(&plan, Outcome::Errored, "interrupted"), Vec::new()),
            ended = with_retries(index, &plan, &surroundings, pace.retries) => ended,
        },
    };
    if pace.fail_fast && journey.outcome == Outcome::Failed {
        stop.cancel();
    }
    sink.emit(Event::ScenarioFinished { index, journey: journey.clone(), diagnostics });
    journey
}

async fn with_retries(
    index: usize,
    plan: &Plan,
    surroundings: &Surroundings,
    retries: usize,
) -> (Journey, Vec<scenario::Diagnostic>) {
    let mut tries = 0;
    loop {
        let (mut journey, diagnostics) = journey::run(index, plan, surroundings).await;
        if journey.outcome != Outcome::Failed || tries == retries {
            if tries > 0 && journey.outcome == Outcome::Passed {
                journey.reason = Some(format!("passed at try {} of {}", tries + 1, retries + 1));
            }
            return (journey, diagnostics);
        }
        tries += 1;
    }
}

fn not_run(plan: &Plan, outcome: Outcome, reason: &str) -> Journey {
    Journey {
        name: plan.scenario.name.value.clone(),
        file: plan.scenario.source.name.clone(),
        tags: plan.scenario.tags.iter().map(|tag| tag.value.clone()).collect(),
        outcome,
        reason: Some(reason.to_owned()),
        duration_ms: 0.0,
        steps: Vec::new(),
        logs: Vec::new(),
    }
}

fn panicked(error: &tokio::task::JoinError) -> String {
    format!("the harness broke: {error}; this is a defect of edge-smoke, please report it")
}
