//! Whether a fix holds: what was seen before it and after it, side by side. Pure.

use std::collections::BTreeSet;

use verdict::evidence::{Evidence, FailureKind, Journey, Outcome, StepRecord};
use verdict::{Class, Finding};

/// What a fix came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// What it is for is gone.
    Holds,
    /// What it is for isn't found any more, and a scenario fails at the same step in another way: another cause may hide behind it.
    Promising,
    /// What it is for is as before, or something else is worse.
    Fails,
    /// It can't be known: something could not be run, or a service died.
    Unknown,
}

/// A result with what was seen, in a clause.
pub(super) type Seen = (Came, String);

/// How far a journey that had failed has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Passes,
    Further,
    Otherwise,
    Same,
    Earlier,
    Unknown,
}

/// Compares what was seen before a fix for this finding and after it. `again` is what is diagnosed after it; scenarios in
/// `unsteady` come and go by themselves, and prove nothing.
pub(super) fn compare(
    finding: &Finding,
    before: &Evidence,
    after: &Evidence,
    again: &[Finding],
    unsteady: &BTreeSet<String>,
) -> Seen {
    if let Some(seen) = unknown(before, after) {
        return (Came::Unknown, seen);
    }
    if let Some(seen) = worse(finding, before, after, unsteady) {
        return (Came::Fails, seen);
    }
    let is_its = |journey: &&Journey| finding.scenarios.contains(&journey.name) && journey.outcome == Outcome::Failed;
    let its: Vec<&Journey> = before.journeys.iter().filter(is_its).collect();
    // Where scenarios failed, how far they come says more than a rule: what is left may look like it.
    let is_found = its.is_empty() || finding.class == Class::Security;
    if is_found && again.iter().any(|other| is_again(finding, other)) {
        return (Came::Fails, "the same is found again".to_owned());
    }
    let steady: Vec<&Journey> = its.iter().copied().filter(|journey| !unsteady.contains(&journey.name)).collect();
    if steady.is_empty() && !its.is_empty() {
        return (Came::Unknown, "what it is for comes and goes without it".to_owned());
    }
    let progress: Vec<Progress> = steady.iter().map(|journey| progress_of(journey, after)).collect();
    let count = |wanted: Progress| progress.iter().filter(|progress| **progress == wanted).count();
    if count(Progress::Earlier) > 0 {
        return (Came::Fails, format!("{} don't get as far as without it", count(Progress::Earlier)));
    }
    // What else fails there may have another cause.
    let is_better = progress.is_empty() || count(Progress::Passes) + count(Progress::Further) > 0;
    match (is_better, count(Progress::Otherwise)) {
        (true, _) => (Came::Holds, said(&progress, after)),
        (false, 1..) => (Came::Promising, said(&progress, after)),
        (false, 0) => (Came::Fails, format!("{} fail as before", scenarios(progress.len()))),
    }
}

/// Whether a fix for this finding is needed, by what is seen with it and without it; `None` where it can't be known.
pub(super) fn is_needed(finding: &Finding, with: &Evidence, without: &Evidence) -> Option<bool> {
    if unknown(with, without).is_some() {
        return None;
    }
    let far = |evidence: &Evidence, name: &String| {
        let journey = evidence.journeys.iter().find(|journey| journey.name == *name)?;
        Some(if journey.outcome == Outcome::Passed { usize::MAX } else { failed_at(journey) })
    };
    Some(finding.scenarios.iter().any(|name| far(without, name) < far(with, name)))
}

/// How far a journey has come, compared with what it was.
pub(super) fn progress_of(before: &Journey, after: &Evidence) -> Progress {
    let Some(after) = after.journeys.iter().find(|journey| journey.name == before.name) else {
        return Progress::Unknown;
    };
    match after.outcome {
        Outcome::Passed => Progress::Passes,
        Outcome::Errored | Outcome::Skipped => Progress::Unknown,
        Outcome::Failed => match failed_at(after).cmp(&failed_at(before)) {
            std::cmp::Ordering::Greater => Progress::Further,
            std::cmp::Ordering::Less => Progress::Earlier,
            std::cmp::Ordering::Equal if symptoms(before) == symptoms(after) => Progress::Same,
            std::cmp::Ordering::Equal => Progress::Otherwise,
        },
    }
}

/// Names of the scenarios that failed.
pub(super) fn failing(evidence: &Evidence) -> BTreeSet<String> {
    let failed = evidence.journeys.iter().filter(|journey| journey.outcome == Outcome::Failed);
    failed.map(|journey| journey.name.clone()).collect()
}

/// `3 scenarios`.
pub(super) fn scenarios(number: usize) -> String {
    format!("{number} scenario{}", if number == 1 { "" } else { "s" })
}

fn unknown(before: &Evidence, after: &Evidence) -> Option<String> {
    if let Some(trouble) = after.troubles.iter().find(|trouble| !before.troubles.iter().any(|old| same(old, trouble))) {
        let service = trouble.service.as_deref().unwrap_or("the stack");
        return Some(format!("{service}: {}", trouble.message));
    }
    if let Some(restart) = after.restarts.first() {
        return Some(format!("{} restarted meanwhile", restart.service));
    }
    let errored = after.journeys.iter().find(|journey| {
        journey.outcome == Outcome::Errored && outcome(before, &journey.name) != Some(Outcome::Errored)
    })?;
    Some(format!("“{}” could not be run", errored.name))
}

fn same(one: &verdict::evidence::Trouble, other: &verdict::evidence::Trouble) -> bool {
    (&one.service, &one.message) == (&other.service, &other.message)
}

/// What is worse than before: a scenario that passed and fails, or one of other causes that doesn't get as far.
fn worse(finding: &Finding, before: &Evidence, after: &Evidence, unsteady: &BTreeSet<String>) -> Option<String> {
    let steady = |journey: &&Journey| !unsteady.contains(&journey.name);
    before.journeys.iter().filter(steady).find_map(|journey| match journey.outcome {
        Outcome::Passed if outcome(after, &journey.name) == Some(Outcome::Failed) => {
            Some(format!("“{}” passed without it, and fails with it", journey.name))
        }
        Outcome::Failed
            if !finding.scenarios.contains(&journey.name) && progress_of(journey, after) == Progress::Earlier =>
        {
            Some(format!("“{}” doesn't get as far as without it", journey.name))
        }
        _ => None,
    })
}

/// The same cause: the same rule with the same fix; of a hole it is enough that the same scenario shows it.
fn is_again(finding: &Finding, other: &Finding) -> bool {
    let changes = |finding: &Finding| finding.fix.as_ref().map(|fix| fix.changes.clone()).unwrap_or_default();
    let shares = || finding.scenarios.iter().any(|name| other.scenarios.contains(name));
    finding.code == other.code && (changes(finding) == changes(other) || (finding.class == Class::Security && shares()))
}

fn outcome(evidence: &Evidence, name: &str) -> Option<Outcome> {
    evidence.journeys.iter().find(|journey| journey.name == name).map(|journey| journey.outcome)
}

fn bad_step(journey: &Journey) -> Option<(usize, &StepRecord)> {
    let is_bad = |step: &StepRecord| matches!(step.outcome, Outcome::Failed | Outcome::Errored);
    journey.steps.iter().enumerate().find(|(_, step)| is_bad(step))
}

/// The place of the step that it failed at, from 0; of one that names no step it is the end.
fn failed_at(journey: &Journey) -> usize {
    bad_step(journey).map_or(journey.steps.len(), |(place, _)| place)
}

/// What was wrong, and what had been asked.
type Symptoms<'a> = (Vec<(FailureKind, &'a str, Option<&'a str>)>, Option<(&'a str, &'a str, Option<u16>)>);

fn symptoms(journey: &Journey) -> Symptoms<'_> {
    let Some((_, step)) = bad_step(journey) else { return Symptoms::default() };
    let said: Vec<_> = step
        .failures
        .iter()
        .map(|failure| (failure.kind, failure.message.as_str(), failure.found.as_deref()))
        .collect();
    let asked = step.trace.last().map(|exchange| {
        let status = exchange.response.as_ref().map(|response| response.status);
        (exchange.request.method.as_str(), exchange.request.url.as_str(), status)
    });
    (said, asked)
}

fn said(progress: &[Progress], after: &Evidence) -> String {
    let count = |wanted: Progress| progress.iter().filter(|progress| **progress == wanted).count();
    if progress.is_empty() {
        return "it isn't found any more".to_owned();
    }
    let left = failing(after).len();
    if left == 0 {
        return match after.journeys.iter().filter(|journey| journey.outcome == Outcome::Passed).count() {
            1 => "the one scenario passes".to_owned(),
            all => format!("all {all} scenarios pass"),
        };
    }
    let parts = [
        (Progress::Passes, "pass"),
        (Progress::Further, "get further"),
        (Progress::Otherwise, "fail otherwise"),
        (Progress::Same, "fail as before"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(kind, _)| count(*kind) > 0)
        .map(|(kind, words)| format!("{} {words}", count(*kind)))
        .collect();
    format!("of {} that it is for {}", scenarios(progress.len()), parts.join(", "))
}
