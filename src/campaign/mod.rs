//! The fault campaign: each known misconfiguration injected into a stack of its own, walked, judged, and scored.
//!
//! - `ground`: which stack, and whether it can express a fault
//! - [`outcome`]: what came of a fault, and how that compares with what was expected; pure
//! - `http_alone`: the same evidence as a client at the edge has it; pure
//! - [`score`]: what outcomes add up to; pure
//! - [`compare`]: what got worse since an earlier score; pure

pub mod compare;
mod ground;
mod http_alone;
pub mod outcome;
pub mod score;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use verdict::evidence::Evidence;
use verdict::{Attempt, Judgement, Verdict, judge};

pub use ground::Ground;
use ground::NotUp;
use outcome::{Judged, Outcome};
pub use score::Score;

use crate::engine::events::Nobody;
use crate::engine::plan::Plan;
use crate::engine::runner::Pace;
use crate::fault::Fault;
use crate::proof::{self, Limits};
use crate::stack::Changeable;
use crate::walk::Walk;

/// How many scenarios of a fault run at once: they wait more than they work.
const SCENARIOS_AT_ONCE: usize = 8;
/// A scenario that has taken so long isn't counted among those: behind a service that never answers, each would wait for the
/// deadlines of those before it.
const WAITS_AFTER: Duration = Duration::from_secs(10);

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
    /// How long the fixes of one fault may be tried. What wasn't tried by then stays untried.
    pub proof_within: Duration,
    /// Cancelled when the user wants to stop.
    pub cancel: CancellationToken,
}

/// What came of a fault.
#[derive(Debug)]
pub struct Trial {
    /// How it is scored.
    pub outcome: Outcome,
    /// What was observed, where a stack was to be stood up.
    pub observed: Option<Observed>,
}

/// What a report on a trial is made of.
#[derive(Debug)]
pub struct Observed {
    /// When the stack was begun.
    pub started: Timestamp,
    /// How long it took, from nothing to the judgement.
    pub duration: Duration,
    /// What was seen.
    pub evidence: Evidence,
    /// What it comes to.
    pub judgement: Judgement,
    /// The fixes that were tried, in order.
    pub attempts: Vec<Attempt>,
}

/// What a campaign tells while it runs.
#[derive(Debug)]
pub enum Told<'a> {
    /// A fault is being tried.
    Began(&'a str),
    /// A fault has been tried, whichever it is.
    Ended(&'a str),
    /// What came of a fault; in the order of the faults.
    Result(&'a Trial),
}

impl Campaign {
    /// Tries these faults, several at once. What came of them is in their order; those that were not begun when the user
    /// stopped are left out.
    pub async fn run(
        self: &Arc<Self>,
        faults: Vec<Fault>,
        tell: impl Fn(Told<'_>) + Send + Sync + 'static,
    ) -> Vec<Trial> {
        let slots = Arc::new(Semaphore::new(self.jobs.max(1)));
        let queue = Arc::new(Mutex::new(Queue::new(faults.len())));
        let tell = Arc::new(tell);
        let mut tasks = JoinSet::new();
        // Who has several causes takes longest, since each is tried alone and then together; begun last it would be waited for alone.
        let mut faults: Vec<(usize, Fault)> = faults.into_iter().enumerate().collect();
        let causes = |fault: &Fault| fault.expect.as_ref().map_or(1, |expect| expect.findings.len().max(1));
        faults.sort_by_key(|(index, fault)| (Reverse(causes(fault)), *index));
        for (index, fault) in faults {
            // Waited for here rather than in the task, so that faults begin in their order.
            let slot = slots.clone().acquire_owned().await;
            if self.cancel.is_cancelled() {
                break;
            }
            let (campaign, queue, tell) = (self.clone(), queue.clone(), tell.clone());
            tasks.spawn(async move {
                let _slot = slot;
                tell(Told::Began(&fault.id));
                let own = fault.clone();
                // A task of its own, so that a defect of ours costs one fault and not the campaign.
                let tried = tokio::spawn(async move { campaign.one(&own).await }).await;
                let trial = tried.unwrap_or_else(|error| Trial::broken(&fault, &error.to_string()));
                tell(Told::Ended(&fault.id));
                queue.lock().unwrap_or_else(PoisonError::into_inner).put(index, trial, &*tell);
            });
        }
        while tasks.join_next().await.is_some() {}
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.trials.drain(..).flatten().collect()
    }

    async fn one(&self, fault: &Fault) -> Trial {
        let (started, clock) = (Timestamp::now(), Instant::now());
        let (mut evidence, mut attempts) = (Evidence::default(), Vec::new());
        let judgement = match self.ground.up(fault, &self.cancel).await {
            Err(NotUp::NotApplicable(reason)) => {
                return Trial { outcome: Outcome::not_applicable(fault, reason), observed: None };
            }
            Err(NotUp::Trouble(trouble)) => {
                evidence.troubles.push(trouble);
                judge(&evidence)
            }
            Ok(mut stack) => {
                evidence.stack_ready_ms = Some(milliseconds(clock.elapsed()));
                let judgement = self.judged(stack.as_mut(), &mut evidence, &mut attempts).await;
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
        let at_the_edge = http_alone::evidence(&evidence);
        let diagnosis = Instant::now();
        let alone = judge(&at_the_edge);
        let outcome = Outcome {
            judged: Some(Judged::new(fault, &evidence, &judgement)),
            // Nothing is tried on that.
            http_alone: Some(Judged { proven: None, ..Judged::new(fault, &evidence, &alone) }),
            duration_ms: milliseconds(duration),
            diagnosis_ms: milliseconds(diagnosis.elapsed()),
            ..Outcome::of(fault)
        };
        Trial { outcome, observed: Some(Observed { started, duration, evidence, judgement, attempts }) }
    }

    /// Walks the stack, judges it, and tries on it what would put it right.
    async fn judged(
        &self,
        stack: &mut dyn Changeable,
        evidence: &mut Evidence,
        attempts: &mut Vec<Attempt>,
    ) -> Judgement {
        let pace = Pace {
            jobs: SCENARIOS_AT_ONCE,
            fail_fast: false,
            waits_after: Some(WAITS_AFTER),
            retries: 0,
            cancel: self.cancel.clone(),
        };
        let walk = Walk { timeout: self.timeout, ..Walk::new(self.plans.clone(), pace, Arc::new(Nobody)) };
        match walk.on(stack).await {
            Ok(walked) => *evidence = Evidence { stack_ready_ms: evidence.stack_ready_ms, ..walked },
            Err(why) => {
                evidence.troubles.push(ground::general(why));
                return judge(evidence);
            }
        }
        let judgement = judge(evidence);
        if judgement.verdict == Verdict::Pass || self.cancel.is_cancelled() {
            return judgement;
        }
        // It is taken down after this: nobody needs it as it was.
        let limits = Limits { within: self.proof_within, put_back: false, cancel: self.cancel.clone() };
        // That it may be left halfway is no matter: what was seen was seen before.
        let proved = proof::prove(stack, &walk, evidence.clone(), &limits).await;
        (*evidence, *attempts) = (proved.evidence, proved.attempts);
        proved.judgement
    }
}

impl Trial {
    /// The harness broke over it.
    fn broken(fault: &Fault, why: &str) -> Self {
        let message = format!("the harness broke: {why}; this is a defect of edge-smoke, please report it");
        let evidence = Evidence { troubles: vec![ground::general(message)], ..Evidence::default() };
        let judged = Judged::new(fault, &evidence, &judge(&evidence));
        Self { outcome: Outcome { judged: Some(judged), ..Outcome::of(fault) }, observed: None }
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

    fn put(&mut self, index: usize, trial: Trial, tell: &dyn Fn(Told<'_>)) {
        self.trials[index] = Some(trial);
        while let Some(Some(trial)) = self.trials.get(self.next) {
            tell(Told::Result(trial));
            self.next += 1;
        }
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
