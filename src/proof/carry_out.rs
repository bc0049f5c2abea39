//! Carrying a plan out: the stack is changed and walked, and what is seen goes back to the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use scenario::model::Service;
use tokio::time::{Instant, timeout_at};
use verdict::evidence::{Evidence, Outcome, Trouble};
use verdict::{Attempt, Class, Finding, Proof};

use super::compare::{Came, Seen, failing};
use super::plan::{Fallback, Next, Plan, key};
use super::{Limits, Proved, ending};
use crate::engine::events::{Event, Nobody};
use crate::stack::fix::{Fixed, fixed, in_subdomains};
use crate::stack::{ChangeError, Changeable, StackOptions};
use crate::walk::{Probes, Walk};

/// How long a change goes on after a call to stop: long enough for a call to the container engine.
const FINISH_WITHIN: Duration = Duration::from_secs(2);

/// Why something wasn't brought to its end.
enum Stopped {
    /// There is no time left, or the user called it off.
    Over,
    /// The stack isn't what it should be, and can't be put right.
    Broken(Trouble),
    /// It can't be tried, or something broke meanwhile; in a clause.
    Failed(String),
}

pub(super) struct Proving<'a> {
    stack: &'a mut dyn Changeable,
    walk: &'a Walk,
    limits: &'a Limits,
    deadline: Instant,
    /// How the stack was found.
    found: StackOptions,
    attempts: Vec<Attempt>,
}

impl<'a> Proving<'a> {
    pub(super) fn new(stack: &'a mut dyn Changeable, walk: &'a Walk, limits: &'a Limits) -> Self {
        let found = stack.options().clone();
        let deadline = Instant::now() + limits.within;
        Self { stack, walk, limits, deadline, found, attempts: Vec::new() }
    }

    pub(super) async fn run(mut self, mut plan: Plan<'_>) -> Proved {
        let mut left = None;
        let mut broken = None;
        loop {
            let next = plan.next();
            let result = match next {
                Next::Nothing => break,
                Next::Control(names) => self.control(&mut plan, &names).await,
                Next::Try(finding) => self.attempt(&mut plan, *finding).await,
                Next::Without(place) => self.without(&mut plan, place).await,
                Next::TakeBack(place) => self.take_back(&mut plan, place).await,
                Next::ChangeOver(finding) => self.change_over(&mut plan, &finding).await,
            };
            match result {
                Ok(()) => {}
                Err(Stopped::Over) => {
                    let limit = seconds(self.limits.within);
                    left = Some(format!("not everything could be tried within {limit}"));
                    break;
                }
                Err(Stopped::Broken(trouble)) => {
                    left = Some("the stack broke while fixes were tried".to_owned());
                    broken = Some(trouble);
                    break;
                }
                Err(Stopped::Failed(why)) => {
                    left = Some(why);
                    break;
                }
            }
        }
        if self.limits.put_back && broken.is_none() && !self.limits.cancel.is_cancelled() {
            let found = self.found.clone();
            broken = self.reshape(&found, &BTreeSet::new()).await.err().map(|stopped| match stopped {
                Stopped::Broken(trouble) => trouble,
                Stopped::Failed(message) => Trouble { service: None, message, help: None, log: Vec::new() },
                Stopped::Over => {
                    Trouble { service: None, message: "interrupted".to_owned(), help: None, log: Vec::new() }
                }
            });
        }
        // What only promised to hold was not proved.
        for applied in plan.applied.iter().filter(|applied| applied.is_promise) {
            self.amend(&applied.finding, Proof::Untried, "");
        }
        let (evidence, judgement) = ending::ending(&plan, &self.attempts, left.as_deref());
        Proved { evidence, judgement, attempts: self.attempts, broken }
    }

    /// Runs scenarios with nothing changed.
    async fn control(&mut self, plan: &mut Plan<'_>, names: &BTreeSet<String>) -> Result<(), Stopped> {
        self.say("running what failed again with nothing changed".to_owned());
        let again = self.walk_some(names, Probes::Never).await?;
        plan.controlled(&again);
        Ok(())
    }

    /// Tries a fix; one that doesn't hold is taken back.
    async fn attempt(&mut self, plan: &mut Plan<'_>, finding: Finding) -> Result<(), Stopped> {
        let summary = finding.fix.as_ref().map(|fix| fix.summary.clone()).unwrap_or_default();
        let changes = finding.fix.as_ref().map(|fix| fix.changes.clone()).unwrap_or_default();
        self.say(format!("trying the fix for {}: {summary}", finding.code));
        let started = Instant::now();
        let before = self.stack.options().clone();
        let result = match fixed(&before, &changes, self.stack.routes()) {
            Err(why) => Err(Stopped::Failed(format!("this stack can't be given it: {why}"))),
            Ok(Fixed { options, renew }) if options == before && renew.is_empty() => {
                Ok(((Came::Fails, "the stack is so already".to_owned()), None))
            }
            Ok(Fixed { options, renew }) => self.applied(plan, &finding, &options, &renew).await,
        };
        let ((came, seen), after) = match result {
            Ok((seen, after)) => (seen, after),
            Err(Stopped::Failed(why)) => ((Came::Unknown, why), None),
            Err(stopped) => {
                self.note(&finding.code, summary, changes, (Came::Unknown, why(&stopped)), started);
                // With the time over the stack is put back at the end, or taken down.
                return Err(stopped);
            }
        };
        self.note(&finding.code, summary, changes, (came, seen), started);
        plan.tried(finding, came, after);
        self.settle(plan).await
    }

    /// Applies a fix and looks: first at what failed, then, if that is better, at what passed.
    async fn applied(
        &mut self,
        plan: &Plan<'_>,
        finding: &Finding,
        options: &StackOptions,
        renew: &BTreeSet<Service>,
    ) -> Result<(Seen, Option<Evidence>), Stopped> {
        self.reshape(options, renew).await?;
        let mut names = failing(&plan.now);
        names.extend(finding.scenarios.iter().cloned());
        let all = plan.findings(&BTreeSet::new());
        let asks = rests_on_probes(finding) || all.iter().any(rests_on_probes);
        let asks = asks && self.walk.probes != Probes::Never;
        let probes = if asks { Probes::Always } else { self.walk.probes };
        let seen = self.walk_some(&names, probes).await?;
        let after = merged(&plan.now, seen, Beside::Fresh);
        let first = plan.judged(finding, &after);
        if !matches!(first.0, Came::Holds | Came::Promising) {
            return Ok((first, None));
        }
        let rest = plan.now.journeys.iter().filter(|journey| journey.outcome == Outcome::Passed);
        let rest: BTreeSet<String> =
            rest.map(|journey| journey.name.clone()).filter(|name| !names.contains(name)).collect();
        let after = if rest.is_empty() {
            after
        } else {
            merged(&after, self.walk_some(&rest, self.walk.probes).await?, Beside::Kept)
        };
        let seen = plan.judged(finding, &after);
        Ok((seen, Some(after)))
    }

    /// Looks what is so without one of the fixes.
    async fn without(&mut self, plan: &mut Plan<'_>, place: usize) -> Result<(), Stopped> {
        let others: Vec<&Finding> = plan.applied.iter().map(|applied| &applied.finding).collect();
        let others = [&others[..place], &others[place + 1..]].concat();
        let options = self.with(&others);
        let names = plan.applied[place].finding.scenarios.iter().cloned().collect();
        let after = match self.reshape(&options, &BTreeSet::new()).await {
            Ok(()) => self.walk_some(&names, Probes::Never).await,
            Err(stopped) => Err(stopped),
        };
        let after = match after {
            Ok(seen) => Some(merged(&plan.now, seen, Beside::Kept)),
            Err(Stopped::Failed(_)) => None,
            Err(stopped) => return Err(stopped),
        };
        if let Some((finding, came)) = plan.seen_without(place, after) {
            let (outcome, seen) = match came {
                Came::Holds | Came::Promising => (Proof::Verified, "; without it they fail"),
                Came::Fails => (Proof::Refuted, "; another fix makes them pass without it"),
                Came::Unknown => (Proof::Untried, "; whether it is needed beside another could not be told"),
            };
            self.amend(&finding, outcome, seen);
        }
        self.settle(plan).await
    }

    async fn take_back(&mut self, plan: &mut Plan<'_>, place: usize) -> Result<(), Stopped> {
        if let Some(finding) = plan.taken_back(place) {
            self.amend(&finding, Proof::Refuted, "; nothing else that was tried made them pass");
        }
        self.settle(plan).await
    }

    /// Says of the last attempt of a fix what came of it later.
    fn amend(&mut self, finding: &Finding, outcome: Proof, seen: &str) {
        let fix = key(finding);
        let same = |attempt: &&mut Attempt| attempt.code == fix.code && attempt.changes == fix.changes;
        if let Some(attempt) = self.attempts.iter_mut().rev().find(same) {
            attempt.outcome = outcome;
            attempt.seen.push_str(seen);
        }
    }

    /// How the stack was found, with the fixes for these findings.
    fn with(&self, findings: &[&Finding]) -> StackOptions {
        findings.iter().filter_map(|finding| finding.fix.as_ref()).fold(self.found.clone(), |options, fix| {
            // All of them could be applied before.
            fixed(&options, &fix.changes, self.stack.routes()).map_or(options, |fixed| fixed.options)
        })
    }

    /// Makes the stack what it is with the fixes that are applied, and no other. Whoever doesn't stand by then breaks the proof off.
    async fn settle(&mut self, plan: &Plan<'_>) -> Result<(), Stopped> {
        let applied: Vec<&Finding> = plan.applied.iter().map(|applied| &applied.finding).collect();
        let options = self.with(&applied);
        if *self.stack.options() == options { Ok(()) } else { self.put_back(&options).await }
    }

    /// The fallback, and the way back from it.
    async fn change_over(&mut self, plan: &mut Plan<'_>, finding: &Finding) -> Result<(), Stopped> {
        self.say(format!("trying one subdomain per service, for {}", finding.code));
        let started = Instant::now();
        let before = self.stack.options().clone();
        let fixes: Vec<_> = plan.applied.iter().filter_map(|applied| applied.finding.fix.as_ref()).collect();
        let changes: Vec<_> = fixes.iter().flat_map(|fix| &fix.changes).cloned().collect();
        let options = in_subdomains(&before, &changes, self.stack.routes());
        let after = match self.reshape(&options, &BTreeSet::new()).await {
            Ok(()) => {
                let names = plan.first.journeys.iter().map(|journey| journey.name.clone()).collect();
                self.walk_some(&names, Probes::Never).await
            }
            Err(stopped) => Err(stopped),
        };
        let (came, seen) = match (&after, plan.changed_over(after.as_ref().map_err(|_| ()))) {
            (Err(stopped), _) => (Came::Unknown, why(stopped)),
            (Ok(_), Fallback::Holds) => (Came::Holds, "under subdomains the same scenarios pass".to_owned()),
            (Ok(_), Fallback::Fails(why)) => (Came::Fails, why.clone()),
            (Ok(_), Fallback::Unknown | Fallback::Untried) => {
                (Came::Unknown, "under subdomains not everything could be run".to_owned())
            }
        };
        self.note(
            &finding.code,
            "Change over to one subdomain per service".to_owned(),
            Vec::new(),
            (came, seen),
            started,
        );
        match after {
            Err(stopped @ (Stopped::Broken(_) | Stopped::Over)) => Err(stopped),
            _ if self.limits.put_back => self.put_back(&before).await,
            _ => Ok(()),
        }
    }

    /// Back to how it was before a fix. Whoever doesn't stand by then breaks the proof off.
    async fn put_back(&mut self, options: &StackOptions) -> Result<(), Stopped> {
        match self.reshape(options, &BTreeSet::new()).await {
            Err(Stopped::Failed(message)) => {
                Err(Stopped::Broken(Trouble { service: None, message, help: None, log: Vec::new() }))
            }
            other => other,
        }
    }

    /// Changes the stack. This isn't broken off by the deadline, since half a change is none: what it waits for is bounded.
    async fn reshape(&mut self, options: &StackOptions, renew: &BTreeSet<Service>) -> Result<(), Stopped> {
        let changing = self.stack.reshape(options, renew);
        tokio::pin!(changing);
        let called_off = async {
            self.limits.cancel.cancelled().await;
            // What the engine was told to make should have a name before everything is removed.
            tokio::time::sleep(FINISH_WITHIN).await;
        };
        let changed = tokio::select! {
            changed = &mut changing => changed,
            () = called_off => return Err(Stopped::Over),
        };
        match changed {
            _ if self.limits.cancel.is_cancelled() => Err(Stopped::Over),
            Ok(_) => Ok(()),
            Err(ChangeError { not_put_back: Some(trouble), .. }) => Err(Stopped::Broken(trouble)),
            Err(ChangeError { trouble, not_put_back: None }) => {
                let service = trouble.service.as_deref().unwrap_or("the stack");
                Err(Stopped::Failed(format!("it could not be applied: {service}: {}", trouble.message)))
            }
        }
    }

    /// Runs these scenarios.
    async fn walk_some(&self, names: &BTreeSet<String>, probes: Probes) -> Result<Evidence, Stopped> {
        let stop = self.limits.cancel.child_token();
        let mut walk = Walk { sink: Arc::new(Nobody), probes, ..self.walk.clone() };
        walk.plans.retain(|plan| names.contains(&plan.scenario.name.value));
        walk.pace.fail_fast = false;
        walk.pace.cancel = stop.clone();
        let walking = walk.on(&*self.stack);
        tokio::pin!(walking);
        match timeout_at(self.deadline, &mut walking).await {
            Ok(_) if self.limits.cancel.is_cancelled() => Err(Stopped::Over),
            Ok(result) => result.map_err(Stopped::Failed),
            Err(_) => {
                // The journeys end, rather than go on behind the back of whoever changes the stack next.
                stop.cancel();
                drop(walking.await);
                Err(Stopped::Over)
            }
        }
    }

    fn say(&self, text: String) {
        self.walk.sink.emit(Event::StackProgress(text));
    }

    fn note(
        &mut self,
        code: &str,
        summary: String,
        changes: Vec<verdict::Change>,
        (came, seen): Seen,
        started: Instant,
    ) {
        let outcome = match came {
            Came::Holds | Came::Promising => Proof::Verified,
            Came::Fails => Proof::Refuted,
            Came::Unknown => Proof::Untried,
        };
        let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
        self.say(format!("{code}: {}: {seen}", outcome.as_str()));
        self.attempts.push(Attempt { code: code.to_owned(), summary, changes, outcome, seen, duration_ms });
    }
}

/// A finding that rests on what was asked beside the journeys: to see that it is gone, that has to be asked again.
fn rests_on_probes(finding: &Finding) -> bool {
    finding.class == Class::Security
        || (finding.class != Class::Note && finding.evidence.iter().any(|seen| seen.scenario.is_none()))
}

/// What becomes of what was seen beside the journeys, when there is newer evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// It is of a stack that isn't so any more.
    Fresh,
    /// The stack is the same, and it was asked already.
    Kept,
}

/// Evidence with what was seen since in the place of what was seen before.
fn merged(before: &Evidence, mut since: Evidence, beside: Beside) -> Evidence {
    let mut new: BTreeMap<String, _> =
        since.journeys.drain(..).map(|journey| (journey.name.clone(), journey)).collect();
    let journeys =
        before.journeys.iter().map(|journey| new.remove(&journey.name).unwrap_or_else(|| journey.clone())).collect();
    let is_kept = beside == Beside::Kept;
    Evidence {
        stack: since.stack,
        stack_ready_ms: before.stack_ready_ms,
        journeys,
        probes: if is_kept { before.probes.clone() } else { since.probes },
        logs: if is_kept { before.logs.clone() } else { since.logs },
        troubles: since.troubles,
        restarts: since.restarts,
    }
}

fn why(stopped: &Stopped) -> String {
    match stopped {
        Stopped::Over => "there was no time left".to_owned(),
        Stopped::Broken(trouble) => format!("the stack broke: {}", trouble.message),
        Stopped::Failed(why) => why.clone(),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
