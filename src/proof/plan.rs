//! What to try next, and what that came to: pure. Whoever carries it out asks [`Plan::next`] and answers, until nothing is left.

use std::collections::{BTreeMap, BTreeSet};

use verdict::evidence::{Evidence, Mode, Outcome};
use verdict::rules::Refuted;
use verdict::{Class, Finding};

use super::compare::{Came, Progress, Seen, compare, failing, is_needed, progress_of};

/// The rules, as a function.
pub(super) type Diagnose = dyn Fn(&Evidence, &BTreeSet<Refuted>) -> Vec<Finding> + Send + Sync;

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Next {
    /// Run these scenarios again with nothing changed: what comes and goes by itself proves nothing.
    Control(BTreeSet<String>),
    /// Apply the finding's fix, and look.
    Try(Box<Finding>),
    /// Take this fix alone back, counted from 0, and look: what it promised came about with another one.
    Without(usize),
    /// Take back the fixes from this one on, counted from 0: the first of them led nowhere.
    TakeBack(usize),
    /// Change over to one subdomain per service, and look.
    ChangeOver(Box<Finding>),
    /// Nothing is left.
    Nothing,
}

/// A fix that is applied.
#[derive(Debug, Clone)]
pub(super) struct Applied {
    pub(super) finding: Finding,
    /// Nothing that it is for passes or gets further yet.
    pub(super) is_promise: bool,
    /// Whether it is needed could not be told.
    is_in_doubt: bool,
    before: Evidence,
    refuted: BTreeSet<Refuted>,
}

impl Applied {
    /// It was seen that it puts something right.
    pub(super) fn is_proved(&self) -> bool {
        !self.is_promise && !self.is_in_doubt
    }
}

/// What became of the fallback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fallback {
    Untried,
    /// Under subdomains all is well.
    Holds,
    /// It isn't; in a clause.
    Fails(String),
    /// It can't be known.
    Unknown,
}

/// How far a proof has come.
pub(super) struct Plan<'a> {
    diagnose: &'a Diagnose,
    /// What it began with.
    pub(super) first: Evidence,
    /// What is seen with the fixes that are applied.
    pub(super) now: Evidence,
    /// Fixes that were tried and didn't hold, as things stand.
    pub(super) refuted: BTreeSet<Refuted>,
    /// Fixes of which it can't be known.
    pub(super) aside: BTreeMap<Refuted, Finding>,
    pub(super) applied: Vec<Applied>,
    pub(super) fallback: Fallback,
    /// Scenarios that come and go by themselves.
    pub(super) unsteady: BTreeSet<String>,
    controlled: Controlled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Controlled {
    NotYet,
    /// A scenario of each finding's failed again, or all of them were run.
    Done,
    /// One of them passed: all are to be run.
    InDoubt,
}

impl<'a> Plan<'a> {
    pub(super) fn new(evidence: Evidence, diagnose: &'a Diagnose) -> Self {
        Self {
            diagnose,
            now: evidence.clone(),
            first: evidence,
            refuted: BTreeSet::new(),
            aside: BTreeMap::new(),
            applied: Vec::new(),
            fallback: Fallback::Untried,
            unsteady: BTreeSet::new(),
            controlled: Controlled::NotYet,
        }
    }

    /// What to do next.
    pub(super) fn next(&self) -> Next {
        if let Some(place) = self.applied.iter().position(|applied| applied.is_promise && self.has_come_about(applied))
        {
            return Next::Without(place);
        }
        let findings = self.findings(&BTreeSet::new());
        let to_try = self.to_try(&findings);
        if matches!(to_try, Next::Nothing) {
            return to_try;
        }
        match self.controlled {
            Controlled::NotYet => match self.samples(&findings) {
                samples if samples.is_empty() => to_try,
                samples => Next::Control(samples),
            },
            Controlled::InDoubt => Next::Control(failing(&self.first)),
            Controlled::Done if self.is_unsteady() => Next::Nothing,
            Controlled::Done => to_try,
        }
    }

    fn to_try(&self, findings: &[Finding]) -> Next {
        let first = |findings: &[Finding]| findings.iter().find(|finding| can_be_tried(finding)).cloned();
        if let Some(finding) = first(findings) {
            return Next::Try(Box::new(finding));
        }
        let pivots: Vec<&Finding> = findings.iter().filter(|finding| finding.class == Class::Pivot).collect();
        if !pivots.is_empty() {
            // A criterion hides what else would explain the same; under subpaths all of that comes first.
            let beneath = self.findings(&pivots.iter().map(|finding| key(finding)).collect());
            let is_about =
                |finding: &Finding| pivots.iter().any(|pivot| shares(pivot, finding) || finding.scenarios.is_empty());
            let beneath: Vec<Finding> = beneath.into_iter().filter(is_about).collect();
            if let Some(finding) = first(&beneath) {
                return Next::Try(Box::new(finding));
            }
        }
        if let Some(place) = self.applied.iter().rposition(|applied| applied.is_promise) {
            return Next::TakeBack(place);
        }
        let is_subpath = self.first.stack.as_ref().is_some_and(|stack| stack.mode == Mode::Subpath);
        match pivots.first() {
            // Every fix that applies must have been refuted: of one that is set aside that isn't known.
            Some(pivot)
                if is_subpath
                    && self.fallback == Fallback::Untried
                    && !self.aside.values().any(|aside| shares(pivot, aside)) =>
            {
                Next::ChangeOver(Box::new((*pivot).clone()))
            }
            _ => Next::Nothing,
        }
    }

    /// What is left to be explained, as things stand, without what was tried and without these.
    pub(super) fn findings(&self, without: &BTreeSet<Refuted>) -> Vec<Finding> {
        let applied = self.applied.iter().map(|applied| key(&applied.finding));
        let dropped = self.refuted.iter().chain(self.aside.keys()).chain(without).cloned().chain(applied).collect();
        (self.diagnose)(&self.now, &dropped)
    }

    /// All that the rules say of some evidence, but for these fixes.
    pub(super) fn diagnose(&self, evidence: &Evidence, without: &BTreeSet<Refuted>) -> Vec<Finding> {
        (self.diagnose)(evidence, without)
    }

    /// Of each finding the failed scenario that takes the least time.
    fn samples(&self, findings: &[Finding]) -> BTreeSet<String> {
        let quickest = |finding: &Finding| {
            let its = self
                .now
                .journeys
                .iter()
                .filter(|journey| journey.outcome == Outcome::Failed && finding.scenarios.contains(&journey.name));
            its.min_by(|one, other| one.duration_ms.total_cmp(&other.duration_ms)).map(|journey| journey.name.clone())
        };
        findings.iter().filter_map(quickest).collect()
    }

    /// All that failed passes without a change: whatever it was, it isn't there any more.
    pub(super) fn is_unsteady(&self) -> bool {
        let failed = failing(&self.first);
        !failed.is_empty() && failed.is_subset(&self.unsteady)
    }

    /// What the scenarios came to that were run again with nothing changed.
    pub(super) fn controlled(&mut self, again: &Evidence) {
        let passed = again.journeys.iter().filter(|journey| journey.outcome == Outcome::Passed);
        let failed = failing(&self.first);
        let unsteady: BTreeSet<String> =
            passed.map(|journey| journey.name.clone()).filter(|name| failed.contains(name)).collect();
        self.controlled = match self.controlled {
            Controlled::NotYet if !unsteady.is_empty() => Controlled::InDoubt,
            _ => Controlled::Done,
        };
        self.unsteady.extend(unsteady);
    }

    /// What a fix for this finding came to, by what is seen with it. Does not note it.
    pub(super) fn judged(&self, finding: &Finding, after: &Evidence) -> Seen {
        let dropped = self.refuted.iter().chain(self.aside.keys()).cloned().collect();
        let again = (self.diagnose)(after, &dropped);
        compare(finding, &self.now, after, &again, &self.unsteady)
    }

    /// Notes what a fix for this finding came to. Only one that holds, or promises to, is still applied.
    pub(super) fn tried(&mut self, finding: Finding, came: Came, after: Option<Evidence>) {
        match (came, after) {
            (Came::Holds | Came::Promising, Some(after)) => {
                let (before, refuted) = (self.now.clone(), self.refuted.clone());
                self.now = after;
                let is_promise = came == Came::Promising;
                self.applied.push(Applied { finding, is_promise, is_in_doubt: false, before, refuted });
                // What was refuted while another cause stood before it may hold now.
                self.refuted.retain(|refuted| refuted.changes.is_empty());
            }
            (Came::Fails, _) => drop(self.refuted.insert(key(&finding))),
            _ => drop(self.aside.insert(key(&finding), finding)),
        }
    }

    /// What a fix promised is there by now, be it by this one or by another.
    fn has_come_about(&self, applied: &Applied) -> bool {
        let its =
            applied.before.journeys.iter().filter(|journey| {
                journey.outcome == Outcome::Failed && applied.finding.scenarios.contains(&journey.name)
            });
        let mut progress = its.map(|journey| progress_of(journey, &self.now));
        progress.any(|progress| matches!(progress, Progress::Passes | Progress::Further))
    }

    /// What is seen without one of the fixes. One that is needed is proved, and stays applied; else it is taken back for good.
    /// Gives the finding with what came of it.
    pub(super) fn seen_without(&mut self, place: usize, after: Option<Evidence>) -> Option<(Finding, Came)> {
        let finding = self.applied.get(place)?.finding.clone();
        let needed = after.as_ref().and_then(|after| is_needed(&finding, &self.now, after));
        let came = match needed {
            Some(true) => {
                self.applied[place].is_promise = false;
                Came::Holds
            }
            Some(false) => {
                self.applied.remove(place);
                self.now = after?;
                self.refuted.insert(key(&finding));
                Came::Fails
            }
            None => {
                // With it all that is known is so.
                self.applied[place].is_promise = false;
                self.applied[place].is_in_doubt = true;
                Came::Unknown
            }
        };
        Some((finding, came))
    }

    /// The fixes from this one on are taken back, and the first of them counts as refuted. Gives its finding.
    pub(super) fn taken_back(&mut self, place: usize) -> Option<Finding> {
        let taken = self.applied.drain(place..).next()?;
        self.now = taken.before;
        self.refuted = taken.refuted;
        self.refuted.insert(key(&taken.finding));
        Some(taken.finding)
    }

    /// What the same scenarios came to under subdomains.
    pub(super) fn changed_over(&mut self, after: Result<&Evidence, ()>) -> &Fallback {
        self.fallback = match after {
            Err(()) => Fallback::Unknown,
            Ok(after) => under_subdomains(&failing(&self.now), after),
        };
        &self.fallback
    }
}

/// Green: nothing fails, and something passes of what failed before.
fn under_subdomains(failed: &BTreeSet<String>, after: &Evidence) -> Fallback {
    let of = |outcome: Outcome| after.journeys.iter().filter(move |journey| journey.outcome == outcome);
    if !after.troubles.is_empty() || !after.restarts.is_empty() || of(Outcome::Errored).next().is_some() {
        return Fallback::Unknown;
    }
    let still: Vec<String> = of(Outcome::Failed).map(|journey| format!("“{}”", journey.name)).collect();
    if !still.is_empty() {
        let (first, more) = (&still[0], still.len() - 1);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        return Fallback::Fails(format!("under subdomains {first}{more} fail as well"));
    }
    if of(Outcome::Passed).any(|journey| failed.contains(&journey.name)) {
        Fallback::Holds
    } else {
        Fallback::Fails("nothing of what fails runs under subdomains".to_owned())
    }
}

/// By what a fix is known.
pub(super) fn key(finding: &Finding) -> Refuted {
    let changes = finding.fix.as_ref().map(|fix| fix.changes.clone()).unwrap_or_default();
    Refuted { code: finding.code.clone(), changes }
}

fn can_be_tried(finding: &Finding) -> bool {
    let has_changes = finding.fix.as_ref().is_some_and(|fix| !fix.changes.is_empty());
    has_changes && matches!(finding.class, Class::Security | Class::Fixable)
}

fn shares(one: &Finding, other: &Finding) -> bool {
    one.scenarios.iter().any(|name| other.scenarios.contains(name))
}
