//! A world on paper: scenarios whose steps need this and that to be right, and fixes that put things right, or wrong.

use std::collections::{BTreeMap, BTreeSet};

use verdict::evidence::{
    Evidence, Failure, FailureKind, Journey, Mode, Outcome, StackFacts, StackKind, StepRecord, Trouble,
};
use verdict::rules::Refuted;
use verdict::{Attempt, Change, Class, Finding, Judgement, Proof, Verdict};

use super::super::compare::Came;
use super::super::ending::ending;
use super::super::plan::{Next, Plan};
use super::proposals::{Proposal, finding, rules, setting};

/// What a fix does to the world.
#[derive(Debug, Clone, Default)]
pub(super) struct Effect {
    pub(super) cures: BTreeSet<usize>,
    pub(super) breaks: BTreeSet<usize>,
    /// The service dies of it.
    pub(super) kills: bool,
}

/// Faults are numbers; a step fails as long as one that it names isn't cured.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) scenarios: Vec<Vec<BTreeSet<usize>>>,
    /// Faults that are there from the beginning.
    pub(super) faults: BTreeSet<usize>,
    pub(super) effects: BTreeMap<Change, Effect>,
    /// Faults that aren't there under subdomains.
    pub(super) cured_by_subdomains: BTreeSet<usize>,
    /// All is well when run again, whatever was wrong.
    pub(super) passes_next_time: bool,
    /// No more than this many fixes can be tried before time is over.
    pub(super) time: usize,
}

impl World {
    pub(super) fn name(scenario: usize) -> String {
        format!("s{scenario}")
    }

    /// What is seen with these changes.
    pub(super) fn seen(&self, applied: &[Change], mode: Mode) -> Evidence {
        let effects: Vec<&Effect> = applied.iter().filter_map(|change| self.effects.get(change)).collect();
        let mut faults = self.faults.clone();
        faults.extend(effects.iter().flat_map(|effect| effect.breaks.iter().copied()));
        faults.retain(|fault| !effects.iter().any(|effect| effect.cures.contains(fault)));
        if mode == Mode::Subdomain {
            faults.retain(|fault| !self.cured_by_subdomains.contains(fault));
        }
        let journeys = self.scenarios.iter().enumerate().map(|(index, steps)| journey(index, steps, &faults)).collect();
        let trouble =
            Trouble { service: Some("forge".to_owned()), message: "it ended".to_owned(), help: None, log: vec![] };
        let troubles = if effects.iter().any(|effect| effect.kills) { vec![trouble] } else { Vec::new() };
        Evidence { stack: Some(stack(mode)), journeys, troubles, ..Evidence::default() }
    }

    /// Carries a proof out on paper. Panics where it doesn't come to an end.
    pub(super) fn proved(&self, rules: &super::super::Diagnose) -> Outline {
        let mut plan = Plan::new(self.seen(&[], Mode::Subpath), rules);
        let mut attempts: Vec<Attempt> = Vec::new();
        let mut applied: Vec<Change> = Vec::new();
        let mut left = None;
        for step in 0.. {
            assert!(step < 10_000, "there is no end");
            match plan.next() {
                Next::Nothing => break,
                Next::Control(_) => {
                    let calm = World { faults: BTreeSet::new(), ..self.clone() };
                    let world = if self.passes_next_time { &calm } else { self };
                    plan.controlled(&world.seen(&applied, Mode::Subpath));
                }
                Next::Try(_) if attempts.len() >= self.time => {
                    left = Some("there was no time left");
                    break;
                }
                Next::Try(finding) => {
                    let changes = finding.fix.as_ref().unwrap().changes.clone();
                    applied.extend(changes.clone());
                    let after = self.seen(&applied, Mode::Subpath);
                    let (came, seen) = plan.judged(&finding, &after);
                    if !matches!(came, Came::Holds | Came::Promising) {
                        applied.truncate(applied.len() - changes.len());
                    }
                    attempts.push(attempt(&finding, changes, came, seen));
                    plan.tried(*finding, came, Some(after));
                }
                Next::Without(place) => {
                    let mut others = applied.clone();
                    others.remove(place);
                    let after = self.seen(&others, Mode::Subpath);
                    let (finding, came) = plan.seen_without(place, Some(after)).unwrap();
                    let last = attempts.iter_mut().rev().find(|attempt| attempt.code == finding.code).unwrap();
                    if came == Came::Fails {
                        last.outcome = Proof::Refuted;
                        applied = others;
                    }
                }
                Next::TakeBack(place) => {
                    // Each has one change.
                    applied.truncate(place);
                    let finding = plan.taken_back(place).unwrap();
                    let changes = finding.fix.unwrap().changes;
                    let last = attempts.iter_mut().rev().find(|attempt| attempt.changes == changes).unwrap();
                    last.outcome = Proof::Refuted;
                }
                Next::ChangeOver(finding) => {
                    plan.changed_over(Ok(&self.seen(&applied, Mode::Subdomain)));
                    attempts.push(attempt(&finding, Vec::new(), Came::Unknown, "the fallback".to_owned()));
                }
            }
        }
        let (_, judgement) = ending(&plan, &attempts, left);
        let passes = plan.now.journeys.iter().all(|journey| journey.outcome == Outcome::Passed);
        Outline { judgement, attempts, applied, passes }
    }
}

/// What a proof on paper came to.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) judgement: Judgement,
    pub(super) attempts: Vec<Attempt>,
    pub(super) applied: Vec<Change>,
    pub(super) passes: bool,
}

impl Outline {
    /// Code, proof.
    fn findings(&self) -> Vec<(&str, &str)> {
        self.judgement.findings.iter().map(|finding| (finding.code.as_str(), finding.proof.as_str())).collect()
    }

    fn tries(&self) -> Vec<(&str, &str)> {
        self.attempts.iter().map(|attempt| (attempt.code.as_str(), attempt.outcome.as_str())).collect()
    }
}

fn attempt(finding: &Finding, changes: Vec<Change>, came: Came, seen: String) -> Attempt {
    let outcome = match came {
        Came::Holds | Came::Promising => Proof::Verified,
        Came::Fails => Proof::Refuted,
        Came::Unknown => Proof::Untried,
    };
    Attempt { code: finding.code.clone(), summary: String::new(), changes, outcome, seen, duration_ms: 1.0 }
}

fn stack(mode: Mode) -> StackFacts {
    StackFacts { kind: StackKind::Containers, mode, base_url: "http://edge.test:1".to_owned(), services: Vec::new() }
}

fn journey(index: usize, needs: &[BTreeSet<usize>], faults: &BTreeSet<usize>) -> Journey {
    let mut steps = Vec::new();
    let mut outcome = Outcome::Passed;
    for (line, needs) in needs.iter().enumerate() {
        let wrong: Vec<&usize> = needs.intersection(faults).collect();
        outcome = if wrong.is_empty() { Outcome::Passed } else { Outcome::Failed };
        steps.push(step(line, outcome, format!("wrong: {wrong:?}")));
        if outcome == Outcome::Failed {
            break;
        }
    }
    let name = World::name(index);
    Journey {
        file: format!("{name}.yaml"),
        name,
        tags: Vec::new(),
        outcome,
        reason: None,
        duration_ms: 1.0,
        steps,
        logs: Vec::new(),
    }
}

fn step(line: usize, outcome: Outcome, message: String) -> StepRecord {
    let failure = Failure {
        message,
        file: String::new(),
        line,
        column: 1,
        expected: None,
        found: None,
        help: None,
        rendered: String::new(),
        kind: FailureKind::Expectation,
    };
    StepRecord {
        file: String::new(),
        line,
        kind: "get".to_owned(),
        title: format!("step {line}"),
        outcome,
        reason: None,
        duration_ms: 1.0,
        attempts: 1,
        failures: if outcome == Outcome::Failed { vec![failure] } else { Vec::new() },
        trace: Vec::new(),
        websocket: None,
        oauth: None,
        git: None,
        assets: None,
    }
}

/// Scenarios by the faults that each of their steps needs to be gone.
fn world(scenarios: &[&[&[usize]]], faults: &[usize], effects: &[(&str, &[usize], &[usize])]) -> World {
    let steps = |steps: &&[&[usize]]| steps.iter().map(|needs| needs.iter().copied().collect()).collect();
    let effect = |(name, cures, breaks): &(&str, &[usize], &[usize])| {
        let effect = Effect {
            cures: cures.iter().copied().collect(),
            breaks: breaks.iter().copied().collect(),
            kills: *name == "kills",
        };
        (setting(name), effect)
    };
    World {
        scenarios: scenarios.iter().map(steps).collect(),
        faults: faults.iter().copied().collect(),
        effects: effects.iter().map(effect).collect(),
        time: usize::MAX,
        ..World::default()
    }
}

/// Proposals by their codes, each with the scenarios that it fires for, and the setting of its own name.
fn proposals(given: &[(&'static str, &[&str])]) -> Vec<Proposal> {
    given.iter().map(|(code, scenarios)| Proposal::new(code, scenarios, vec![setting(code)])).collect()
}

#[test]
fn one_cause_is_verified_and_what_it_explains_goes_with_it() {
    let world = world(&[&[&[1]], &[&[], &[1]], &[&[]]], &[1], &[("a", &[1], &[])]);
    // The second is no cause of its own: it is gone with the first.
    let outline = world.proved(&rules(proposals(&[("a", &["s0", "s1"]), ("b", &["s1"])])));
    assert_eq!(outline.findings(), [("a", "verified")]);
    assert!(outline.passes);
    assert_eq!(outline.judgement.verdict, Verdict::Fix);
    let expected = "A is wrong (a); 2 of 3 scenarios failed; with the fix applied all 3 scenarios pass.";
    assert_eq!(outline.judgement.reason.to_lowercase(), expected.to_lowercase());
}

#[test]
fn a_refuted_candidate_makes_way_for_the_next() {
    let world = world(&[&[&[1]]], &[1], &[("b", &[1], &[])]);
    let outline = world.proved(&rules(proposals(&[("a", &["s0"]), ("b", &["s0"])])));
    assert_eq!(outline.tries(), [("a", "refuted"), ("b", "verified")]);
    assert_eq!(outline.findings(), [("b", "verified")]);
}

#[test]
fn several_causes_come_off_one_by_one_even_where_one_hides_another() {
    // Behind the first fault the second shows, at a later step; the third has its own scenario.
    let world = world(&[&[&[1], &[2]], &[&[3]]], &[1, 2, 3], &[("a", &[1], &[]), ("b", &[2], &[]), ("c", &[3], &[])]);
    let outline = world.proved(&rules(proposals(&[("b", &["s0"]), ("a", &["s0"]), ("c", &["s1"])])));
    // Refuted as long as the first stands before it.
    assert_eq!(outline.tries(), [("b", "refuted"), ("a", "verified"), ("b", "verified"), ("c", "verified")]);
    assert_eq!(outline.findings(), [("b", "verified"), ("a", "verified"), ("c", "verified")]);
    assert!(outline.judgement.reason.contains("with all 3 fixes applied all 2 scenarios pass"), "{outline:?}");
}

#[test]
fn two_causes_at_one_step_are_a_promise_until_both_are_off() {
    let two = world(&[&[&[1, 2]]], &[1, 2], &[("a", &[1], &[]), ("b", &[2], &[])]);
    let outline = two.proved(&rules(proposals(&[("a", &["s0"]), ("b", &["s0"])])));
    assert_eq!(outline.findings(), [("a", "verified"), ("b", "verified")]);
    assert!(outline.judgement.reason.contains("with both fixes applied"), "{outline:?}");
    // Without the second, the first is no proof, and is taken back.
    let outline = two.proved(&rules(proposals(&[("a", &["s0"])])));
    assert_eq!(outline.tries(), [("a", "refuted")]);
    assert!(outline.findings().is_empty() && outline.applied.is_empty(), "{outline:?}");
}

#[test]
fn a_fix_that_makes_something_else_worse_is_taken_back() {
    let world = world(&[&[&[1]], &[&[9]]], &[1], &[("a", &[1], &[9]), ("b", &[1], &[])]);
    let outline = world.proved(&rules(proposals(&[("a", &["s0"]), ("b", &["s0"])])));
    assert_eq!(outline.tries(), [("a", "refuted"), ("b", "verified")]);
    assert!(outline.attempts[0].seen.contains("“s1” passed without it"), "{outline:?}");
    assert_eq!(outline.applied, [setting("b")]);
}

#[test]
fn of_a_fix_that_a_service_dies_of_nothing_is_claimed() {
    let world = world(&[&[&[1]]], &[1], &[("kills", &[1], &[]), ("b", &[], &[])]);
    let outline = world.proved(&rules(proposals(&[("kills", &["s0"]), ("b", &["s0"])])));
    assert_eq!(outline.tries(), [("kills", "untried"), ("b", "refuted")]);
    assert_eq!(outline.findings(), [("kills", "untried")]);
    assert!(outline.applied.is_empty());
}

#[test]
fn what_there_was_no_time_for_stays_untried() {
    let world = world(&[&[&[1]], &[&[2]]], &[1, 2], &[("a", &[1], &[]), ("b", &[2], &[])]);
    let outline = World { time: 1, ..world }.proved(&rules(proposals(&[("a", &["s0"]), ("b", &["s1"])])));
    assert_eq!(outline.findings(), [("a", "verified"), ("b", "untried")]);
    let reason = &outline.judgement.reason;
    assert!(reason.contains("1 of 2 scenarios still fail; there was no time left"), "{reason}");
}

#[test]
fn what_passes_with_nothing_changed_proves_nothing() {
    let world = world(&[&[&[1]]], &[1], &[("a", &[1], &[])]);
    let outline = World { passes_next_time: true, ..world }.proved(&rules(proposals(&[("a", &["s0"])])));
    assert_eq!((outline.judgement.verdict, outline.attempts.len()), (Verdict::Inconclusive, 0));
}

#[test]
fn the_fallback_needs_a_criterion_every_fix_refuted_and_a_green_run() {
    let pivot = || vec![Proposal::pivot("app/p", &["s0"]), Proposal::new("a", &["s0"], vec![setting("a")])];
    let base = world(&[&[&[1]], &[&[]]], &[1], &[]);
    let green = World { cured_by_subdomains: [1].into(), ..base.clone() };
    let outline = green.proved(&rules(pivot()));
    assert_eq!(outline.tries(), [("a", "refuted"), ("app/p", "untried")]);
    assert_eq!((outline.findings(), outline.judgement.verdict), (vec![("app/p", "verified")], Verdict::Pivot));

    // It isn't better there.
    let outline = base.proved(&rules(pivot()));
    assert_eq!((outline.findings(), outline.judgement.verdict), (vec![("app/p", "refuted")], Verdict::Fix));
    assert!(outline.judgement.reason.contains("under subdomains “s0” fail"), "{outline:?}");

    // A fix under subpaths holds: no word of the fallback.
    let fixable = World { effects: world(&[], &[], &[("a", &[1], &[])]).effects, ..green.clone() };
    let outline = fixable.proved(&rules(pivot()));
    assert_eq!((outline.findings(), outline.judgement.verdict), (vec![("a", "verified")], Verdict::Fix));

    // Of a fix it isn't known.
    let kills = vec![Proposal::pivot("app/p", &["s0"]), Proposal::new("a", &["s0"], vec![setting("kills")])];
    let unknown = World { effects: world(&[], &[], &[("kills", &[], &[])]).effects, ..green };
    let outline = unknown.proved(&rules(kills));
    assert_eq!((outline.findings()[0], outline.judgement.verdict), (("app/p", "untried"), Verdict::Fix));
}

#[test]
fn a_hole_is_closed_when_the_scenario_that_showed_it_shows_it_no_more() {
    let world = world(&[&[&[]], &[&[1]]], &[1], &[("a", &[1], &[])]);
    let hole = |evidence: &Evidence, refuted: &BTreeSet<Refuted>| {
        let is_open = evidence.journeys[1].outcome == Outcome::Failed;
        let finding = finding("hole/open", Class::Security, vec![World::name(0)], vec![setting("a")]);
        let is_left = !refuted.contains(&super::super::plan::key(&finding));
        if is_open && is_left { vec![finding] } else { Vec::new() }
    };
    let outline = world.proved(&hole);
    assert_eq!(outline.findings(), [("hole/open", "verified")]);
    assert_eq!(outline.attempts[0].seen, "it isn't found any more");
}
