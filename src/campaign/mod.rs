//! The fault campaign: each known misconfiguration injected into a stack of its own, walked, judged, and scored.
//!
//! - `ground`: which stack, and whether it can express a fault
//! - [`outcome`]: what came of a fault, and how that compares with what was expected; pure
//! - `http_alone`: the same evidence as a client at the edge has it; pure

mod ground;
mod http_alone;
pub mod outcome;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use verdict::evidence::Evidence;
use verdict::{Judgement, judge};

pub use ground::Ground;
use ground::NotUp;
use outcome::{Judged, Outcome};

use crate::engine::events::{Event, Sink};
use crate::engine::plan::Plan;
use crate::engine::runner::Pace;
use crate::fault::Fault;
use crate::report::Report;
use crate::stack::Stack;
use crate::walk::Walk;

/// How many scenarios of a fault run at once: they wait more than they work.
const SCENARIOS_AT_ONCE: usize = 4;

/// A campaign.
#[derive(Debug)]
pub struct Campaign {
    /// The stack that faults are injected into.
    pub ground: Ground,
    /// The scenarios that each fault is held against.
    pub plans: Vec<Arc<Plan>>,
    /// How many faults at once.
    pub jobs: usize,
    /// The longest that a scenario may take where it doesn't say.
    pub timeout: Duration,
    /// Cancelled when the user wants to stop.
    pub cancel: CancellationToken,
}

/// What came of a fault, with the report that it would make.
#[derive(Debug)]
pub struct Trial {
    /// How it is scored.
    pub outcome: Outcome,
    /// The report, where a stack was to be stood up.
    pub report: Option<Report>,
}

impl Campaign {
    /// Tries these faults, several at once, and tells of each as soon as it and all before it are done. In their order.
    pub async fn run(&self, faults: &[Fault], tell: impl Fn(&Trial) + Sync) -> Vec<Trial> {
        let slots = Semaphore::new(self.jobs.max(1));
        let told = std::sync::Mutex::new(Queue::new(faults.len()));
        let one = async |index: usize, fault: &Fault| {
            // Never closed.
            let _slot = slots.acquire().await.ok();
            if self.cancel.is_cancelled() {
                return;
            }
            let trial = self.one(fault).await;
            told.lock().unwrap_or_else(std::sync::PoisonError::into_inner).put(index, trial, &tell);
        };
        join_all(faults.iter().enumerate().map(|(index, fault)| one(index, fault))).await;
        told.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).trials.into_iter().flatten().collect()
    }

    /// The stack with nothing wrong with it: what fails on it says nothing about a fault.
    pub async fn control(&self) -> Trial {
        self.one(&Fault::none()).await
    }

    async fn one(&self, fault: &Fault) -> Trial {
        let (started, clock) = (Timestamp::now(), Instant::now());
        let mut evidence = Evidence::default();
        let judgement = match self.ground.up(fault, &self.cancel).await {
            Err(NotUp::NotApplicable(reason)) => {
                return Trial { outcome: Outcome::not_applicable(fault, reason), report: None };
            }
            Err(NotUp::Trouble(trouble)) => {
                evidence.troubles.push(trouble);
                judge(&evidence)
            }
            Ok(stack) => {
                evidence.stack_ready_ms = Some(milliseconds(clock.elapsed()));
                let judgement = self.judged(stack.as_ref(), &mut evidence).await;
                match stack.down().await {
                    Ok(()) => judgement,
                    Err(trouble) => {
                        evidence.troubles.push(trouble);
                        judge(&evidence)
                    }
                }
            }
        };
        let duration = clock.elapsed();
        let diagnosis = Instant::now();
        let alone = judge(&http_alone::evidence(&evidence));
        let diagnosis_ms = milliseconds(diagnosis.elapsed());
        let outcome = Outcome {
            judged: Some(Judged::new(fault, &evidence, &judgement)),
            http_alone: Some(Judged::new(fault, &evidence, &alone)),
            duration_ms: milliseconds(duration),
            diagnosis_ms,
            ..Outcome::of(fault)
        };
        Trial { outcome, report: Some(Report::from_parts(started, duration, evidence, judgement)) }
    }

    /// Walks the stack and judges it.
    async fn judged(&self, stack: &dyn Stack, evidence: &mut Evidence) -> Judgement {
        let pace = Pace { jobs: SCENARIOS_AT_ONCE, fail_fast: false, retries: 0, cancel: self.cancel.clone() };
        let walk = Walk { timeout: self.timeout, ..Walk::new(self.plans.clone(), pace, Arc::new(Silence)) };
        match walk.on(stack).await {
            Ok(walked) => *evidence = Evidence { stack_ready_ms: evidence.stack_ready_ms, ..walked },
            Err(why) => evidence.troubles.push(ground::general(why)),
        }
        judge(evidence)
    }
}

/// Trials as they end, told in the order of their faults.
struct Queue {
    trials: Vec<Option<Trial>>,
    next: usize,
}

impl Queue {
    fn new(number: usize) -> Self {
        Self { trials: std::iter::repeat_with(|| None).take(number).collect(), next: 0 }
    }

    fn put(&mut self, index: usize, trial: Trial, tell: &impl Fn(&Trial)) {
        self.trials[index] = Some(trial);
        while let Some(Some(trial)) = self.trials.get(self.next) {
            tell(trial);
            self.next += 1;
        }
    }
}

/// Nobody looks on while a fault is tried.
struct Silence;

impl Sink for Silence {
    fn emit(&self, _: Event) {}
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
