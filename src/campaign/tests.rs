//! Outcomes, what they add up to, and what gets worse.

use verdict::evidence::{Evidence, Journey, Outcome as Ended, StackFacts, StackKind, Trouble};
use verdict::{Class, Finding, Fix, Judgement, Proof, Severity, Verdict};

use super::compare::worse;
use super::http_alone;
use super::outcome::{Judged, Outcome};
use super::score::Score;
use crate::fault::{Expectation, Fault};

fn fault(id: &str, expect: Option<Expectation>) -> Fault {
    Fault { id: id.to_owned(), expect, ..Fault::none() }
}

fn expected(verdict: Verdict, class: Class, causes: &[&[&str]]) -> Expectation {
    let cause = |codes: &&[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
    Expectation { verdict, class, findings: causes.iter().map(cause).collect() }
}

fn finding(code: &str, class: Class, proof: Proof) -> Finding {
    Finding {
        code: code.to_owned(),
        class,
        severity: Severity::Error,
        title: String::new(),
        cause: String::new(),
        fix: Some(Fix::advice("x")),
        proof,
        scenarios: Vec::new(),
        evidence: Vec::new(),
    }
}

fn judgement(verdict: Verdict, findings: Vec<Finding>) -> Judgement {
    Judgement { verdict, reason: "because".to_owned(), findings }
}

fn evidence(failed: &[&str]) -> Evidence {
    let journey = |file: &&str| Journey {
        name: String::new(),
        file: (*file).to_owned(),
        tags: Vec::new(),
        outcome: Ended::Failed,
        reason: None,
        duration_ms: 0.0,
        steps: Vec::new(),
        logs: Vec::new(),
    };
    let stack = StackFacts {
        kind: StackKind::Embedded,
        mode: verdict::evidence::Mode::Subpath,
        base_url: "http://x.test".to_owned(),
        services: Vec::new(),
    };
    Evidence { stack: Some(stack), journeys: failed.iter().map(journey).collect(), ..Evidence::default() }
}

fn judged(expect: Option<Expectation>, verdict: Verdict, findings: Vec<Finding>) -> Judged {
    Judged::new(&fault("x", expect), &evidence(&["a.yaml"]), &judgement(verdict, findings))
}

fn outcome(id: &str, expect: Expectation, judged: Judged) -> Outcome {
    Outcome { judged: Some(judged.clone()), http_alone: Some(judged), ..Outcome::of(&fault(id, Some(expect))) }
}

#[test]
fn a_cause_is_named_where_the_first_finding_is_one_of_them_and_none_is_missing() {
    use Proof::{Refuted, Untried, Verified};
    let fix = |causes: &[&[&str]]| Some(expected(Verdict::Fix, Class::Fixable, causes));
    let found = |codes: &[(&str, Class, Proof)]| {
        codes.iter().map(|(code, class, proof)| finding(code, *class, *proof)).collect::<Vec<_>>()
    };
    let one = ("x/a", Class::Fixable, Verified);
    let other = ("x/b", Class::Fixable, Refuted);
    let note = ("x/n", Class::Note, Untried);
    for (expect, findings, named, class_right, proven, besides) in [
        (fix(&[&["x/a"]]), found(&[one]), Some(true), Some(true), Some(true), 0),
        (fix(&[&["x/a"]]), found(&[note, one]), Some(true), Some(true), Some(true), 0),
        (fix(&[&["x/a"]]), found(&[one, other]), Some(true), Some(true), Some(true), 1),
        (fix(&[&["x/a"]]), found(&[other, one]), Some(false), Some(true), Some(true), 1),
        (fix(&[&["x/a", "x/b"]]), found(&[other]), Some(true), Some(true), Some(false), 0),
        (fix(&[&["x/a"], &["x/b"]]), found(&[one]), Some(false), Some(true), Some(true), 0),
        (fix(&[&["x/a"], &["x/b"]]), found(&[other, one]), Some(true), Some(true), Some(false), 0),
        (fix(&[&["x/a"]]), found(&[("x/a", Class::Security, Untried)]), Some(true), Some(false), None, 0),
        (fix(&[&["x/a"]]), found(&[]), Some(false), Some(false), None, 0),
        (None, found(&[one]), None, None, None, 0),
    ] {
        let judged = judged(expect.clone(), Verdict::Fix, findings.clone());
        let seen = (judged.named, judged.class_right, judged.proven, judged.besides.len());
        assert_eq!(seen, (named, class_right, proven, besides), "{expect:?} {findings:?}");
        assert!(judged.seen);
    }
}

#[test]
fn a_stack_that_did_not_stand_shows_nothing_unless_that_was_expected() {
    let evidence = Evidence {
        troubles: vec![Trouble { service: None, message: "no".to_owned(), help: None, log: Vec::new() }],
        ..Evidence::default()
    };
    let found = judgement(Verdict::Inconclusive, vec![finding("stack/failed", Class::Infrastructure, Proof::Untried)]);
    for (expect, seen) in [
        (expected(Verdict::Fix, Class::Fixable, &[&["x/a"]]), false),
        (expected(Verdict::Inconclusive, Class::Infrastructure, &[&["stack/failed"]]), true),
    ] {
        let fault = fault("x", Some(expect));
        let judged = Judged::new(&fault, &evidence, &found);
        assert_eq!(judged.seen, seen);
        let outcome = Outcome { judged: Some(judged), ..Outcome::of(&fault) };
        assert_eq!(outcome.did_not_stand(), Some("because"));
    }
}

#[test]
fn the_score_holds_where_all_is_seen_and_classed_most_is_named_and_nothing_innocent_is_flagged() {
    let fix = || expected(Verdict::Fix, Class::Fixable, &[&["x/a"]]);
    let right = || judged(Some(fix()), Verdict::Fix, vec![finding("x/a", Class::Fixable, Proof::Untried)]);
    let unnamed = || judged(Some(fix()), Verdict::Fix, vec![finding("x/z", Class::Fixable, Proof::Untried)]);
    let unseen = || Judged::new(&fault("x", Some(fix())), &evidence(&[]), &judgement(Verdict::Pass, Vec::new()));
    let let_be =
        || Judged::new(&fault("x", Some(Expectation::pass())), &evidence(&[]), &judgement(Verdict::Pass, Vec::new()));
    let good: Vec<Outcome> = (0..20).map(|number| outcome(&format!("g{number}"), fix(), right())).collect();
    let score = |more: Vec<Outcome>| Score::new("embedded", 1.0, good.iter().cloned().chain(more).collect());
    assert!(score(vec![outcome("i", Expectation::pass(), let_be())]).holds);
    // One of twenty-one may be without a name, two may not.
    assert!(score(vec![outcome("u1", fix(), unnamed())]).holds);
    let lacking = score(vec![outcome("u1", fix(), unnamed()), outcome("u2", fix(), unnamed())]);
    assert_eq!(lacking.shortfalls, ["95 % of the causes must be named, 90 % are; not those of u1, u2"]);
    let blind = score(vec![outcome("b", fix(), unseen())]);
    assert_eq!(
        blind.shortfalls,
        ["every fault must be seen, and these are not: b", "verdict and class must be right, and are not of b"]
    );
    let zealous = score(vec![outcome("i", Expectation::pass(), right())]);
    assert_eq!(zealous.shortfalls, ["nothing innocent may be flagged, and these are: i"]);
    let absent = Outcome::not_applicable(&fault("n", Some(fix())), "no chat".to_owned());
    let (with, without) = (score(vec![absent.clone()]), score(Vec::new()));
    assert_eq!((with.all_evidence, with.not_applicable()), (without.all_evidence, 1));
    assert!(!Score::new("embedded", 1.0, vec![absent]).holds, "what was not tried is no success");
}

#[test]
fn a_score_survives_its_file() {
    let fix = expected(Verdict::Fix, Class::Fixable, &[&["x/a", "x/b"]]);
    let found = judged(Some(fix.clone()), Verdict::Fix, vec![finding("x/a", Class::Fixable, Proof::Verified)]);
    let score = Score::new("embedded", 1.0, vec![outcome("a", fix, found)]);
    assert_eq!(Score::from_json(&score.to_json().unwrap()), Ok(score));
    assert!(Score::from_json("{}").unwrap_err().contains("not a score"));
    assert!(Score::from_json("{\"schema\": 7}").unwrap_err().contains("it has schema 7"));
}

#[test]
fn what_got_worse_is_named() {
    let fix = || expected(Verdict::Fix, Class::Fixable, &[&["x/a"]]);
    let good = |proof| judged(Some(fix()), Verdict::Fix, vec![finding("x/a", Class::Fixable, proof)]);
    let bad = || judged(Some(fix()), Verdict::Fix, vec![finding("x/z", Class::Security, Proof::Untried)]);
    let score = |outcomes| Score::new("embedded", 1.0, outcomes);
    let base = score(vec![
        outcome("a", fix(), good(Proof::Verified)),
        outcome("b", fix(), good(Proof::Untried)),
        outcome("gone", fix(), good(Proof::Untried)),
    ]);
    assert!(worse(&base, &base, true).is_empty());
    let alone = Outcome { http_alone: Some(bad()), ..outcome("b", fix(), good(Proof::Untried)) };
    let now = score(vec![outcome("a", fix(), bad()), alone, outcome("new", fix(), bad())]);
    assert_eq!(
        worse(&base, &now, true),
        [
            "a: its cause was named, and isn't any more",
            "a: its verdict and class were right, and aren't any more",
            "a: its fix was proven, and isn't any more",
            "b: on HTTP evidence alone its cause was named, and isn't any more",
            "b: on HTTP evidence alone its verdict and class were right, and aren't any more",
            "gone: it is not tried any more",
        ]
    );
    assert!(!worse(&base, &now, false).iter().any(|line| line.starts_with("gone")));
    let absent = score(vec![Outcome::not_applicable(&fault("a", Some(fix())), "there is no chat".to_owned())]);
    assert_eq!(worse(&base, &absent, false), ["a: it was tried before, and now there is no chat"]);
}

#[test]
fn a_client_at_the_edge_has_no_logs_no_troubles_and_nothing_from_behind() {
    let mut all = evidence(&["a.yaml"]);
    let log = verdict::evidence::ServiceLog { service: "ci".to_owned(), lines: vec!["x".to_owned()] };
    all.logs.push(log.clone());
    all.journeys[0].logs.push(log);
    all.troubles.push(Trouble { service: None, message: "no".to_owned(), help: None, log: Vec::new() });
    let alone = http_alone::evidence(&all);
    assert!(alone.logs.is_empty() && alone.troubles.is_empty() && alone.journeys[0].logs.is_empty());
    assert_eq!(alone.stack.unwrap().kind, StackKind::External);
}
