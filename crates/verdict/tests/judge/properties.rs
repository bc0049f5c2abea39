//! What holds of any evidence.

use proptest::prelude::*;
use verdict::evidence::{Evidence, FailureKind, Journey, Outcome, Restart, StackKind, Trouble};
use verdict::{Class, Finding, Proof, Verdict, conclude, judge};

use crate::build::{SITE, failure, finding, journey, stack, step, trouble};

fn kinds() -> impl Strategy<Value = StackKind> {
    prop_oneof![Just(StackKind::Embedded), Just(StackKind::Containers), Just(StackKind::External)]
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![Just(Outcome::Passed), Just(Outcome::Failed), Just(Outcome::Skipped), Just(Outcome::Errored)]
}

fn failure_kinds() -> impl Strategy<Value = FailureKind> {
    prop_oneof![
        Just(FailureKind::Expectation),
        Just(FailureKind::Resolve),
        Just(FailureKind::Connect),
        Just(FailureKind::Tls),
        Just(FailureKind::Protocol),
        Just(FailureKind::Timeout),
        Just(FailureKind::TooLarge),
        Just(FailureKind::RedirectLoop),
        Just(FailureKind::Scenario),
    ]
}

fn urls() -> impl Strategy<Value = String> {
    let paths = prop_oneof![Just("/forge/user/login"), Just("/ci/"), Just("/"), Just("/forge")];
    prop_oneof![
        paths.prop_map(|path| format!("{SITE}{path}")),
        Just("http://forge.edge.test:8080/x".to_owned()),
        Just("http://forgejo:3000/".to_owned()),
        "\\PC{0,12}",
    ]
}

fn statuses() -> impl Strategy<Value = Option<u16>> {
    prop_oneof![
        Just(None),
        Just(Some(200)),
        Just(Some(404)),
        Just(Some(502)),
        Just(Some(504)),
        any::<u16>().prop_map(Some)
    ]
}

prop_compose! {
    fn journeys()(
        name in "[a-z]{1,3}|\\PC{0,10}",
        outcome in outcomes(),
        reason in proptest::option::of("\\PC{0,20}"),
        steps in proptest::collection::vec(
            (urls(), statuses(), outcomes(), proptest::collection::vec((failure_kinds(), any::<String>()), 0..3)), 0..3),
    ) -> Journey {
        let steps = steps.into_iter().map(|(url, status, outcome, failures)| {
            let mut step = step(&name, &url, status, FailureKind::Expectation, "x");
            step.outcome = outcome;
            step.failures = failures.iter().map(|(kind, message)| failure(&step.file, *kind, message)).collect();
            step
        }).collect();
        Journey { reason, ..journey(&name, outcome, steps) }
    }
}

prop_compose! {
    fn evidences()(
        kind in proptest::option::of(kinds()),
        journeys in proptest::collection::vec(journeys(), 0..5),
        troubles in proptest::collection::vec(
            (proptest::option::of("forge|ci|edge|\\PC{0,5}"), any::<String>()), 0..3),
        restarts in proptest::collection::vec("forge|ci|edge|\\PC{0,5}", 0..3),
    ) -> Evidence {
        let restarts = restarts.into_iter().map(|service| Restart { service, log: Vec::new() }).collect();
        let troubles = troubles.iter().map(|(service, message)| trouble(service.as_deref(), message)).collect();
        Evidence { stack: kind.map(stack), journeys, troubles, restarts, ..Evidence::default() }
    }
}

fn findings() -> impl Strategy<Value = Vec<Finding>> {
    let classes = proptest::sample::select(Class::ALL);
    let proofs = prop_oneof![Just(Proof::Verified), Just(Proof::Refuted), Just(Proof::Untried)];
    proptest::collection::vec((classes, proofs).prop_map(|(class, proof)| finding(class, proof)), 0..6)
}

fn shuffled(evidence: Evidence) -> impl Strategy<Value = (Evidence, Evidence)> {
    let journeys = Just(evidence.journeys.clone()).prop_shuffle();
    let troubles = Just(evidence.troubles.clone()).prop_shuffle();
    (Just(evidence), journeys, troubles).prop_map(
        |(evidence, journeys, troubles): (Evidence, Vec<Journey>, Vec<Trouble>)| {
            let other = Evidence {
                journeys,
                troubles,
                restarts: evidence.restarts.iter().rev().cloned().collect(),
                ..evidence.clone()
            };
            (evidence, other)
        },
    )
}

fn bad(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Failed | Outcome::Errored)
}

proptest! {
    #[test]
    fn the_order_of_the_evidence_does_not_matter((one, other) in evidences().prop_flat_map(shuffled)) {
        prop_assert_eq!(judge(&one), judge(&other));
    }

    #[test]
    fn nothing_bad_passes(evidence in evidences()) {
        let seen_bad = evidence.journeys.iter().any(|journey| {
            bad(journey.outcome) || journey.steps.iter().any(|step| bad(step.outcome) || !step.failures.is_empty())
        });
        let judgement = judge(&evidence);
        if seen_bad || !evidence.troubles.is_empty() {
            prop_assert_ne!(judgement.verdict, Verdict::Pass);
        }
        let nothing_passed = evidence.journeys.iter().all(|journey| journey.outcome != Outcome::Passed);
        if nothing_passed {
            prop_assert_ne!(judgement.verdict, Verdict::Pass);
        }
    }

    #[test]
    fn what_could_not_be_tried_claims_nothing(evidence in evidences()) {
        let errored = evidence.journeys.iter().any(|journey| journey.outcome == Outcome::Errored);
        if errored || !evidence.troubles.is_empty() {
            prop_assert_eq!(judge(&evidence).verdict, Verdict::Inconclusive);
        }
    }

    #[test]
    fn every_bad_scenario_is_in_some_finding(evidence in evidences()) {
        let judgement = judge(&evidence);
        for journey in evidence.journeys.iter().filter(|journey| bad(journey.outcome)) {
            prop_assert!(judgement.findings.iter().any(|finding| finding.scenarios.contains(&journey.name)));
        }
    }

    #[test]
    fn a_reason_is_one_line_and_ends(evidence in evidences()) {
        let reason = judge(&evidence).reason;
        prop_assert!(!reason.contains(['\n', '\r']), "{:?}", reason);
        prop_assert!(reason.ends_with(['.', '!', '?', '…']), "{:?}", reason);
    }

    #[test]
    fn findings_are_sorted_by_weight(evidence in evidences()) {
        prop_assert!(judge(&evidence).findings.is_sorted_by_key(|finding| finding.class));
    }

    #[test]
    fn a_security_finding_always_makes_it_fix(kind in kinds(), findings in findings()) {
        let evidence = Evidence { stack: Some(stack(kind)), ..Evidence::default() };
        let mut more = findings;
        more.push(finding(Class::Security, Proof::Untried));
        prop_assert_eq!(conclude(&evidence, more).verdict, Verdict::Fix);
    }

    #[test]
    fn a_further_finding_never_turns_a_verdict_into_pass(kind in kinds(), findings in findings(), extra in findings()) {
        let evidence = Evidence { stack: Some(stack(kind)), ..Evidence::default() };
        let before = conclude(&evidence, findings.clone()).verdict;
        let after = conclude(&evidence, [findings, extra].concat()).verdict;
        prop_assert!(before == Verdict::Pass || after != Verdict::Pass);
    }

    #[test]
    fn a_note_never_changes_the_verdict(kind in kinds(), findings in findings()) {
        let evidence = Evidence { stack: Some(stack(kind)), ..Evidence::default() };
        let before = conclude(&evidence, findings.clone()).verdict;
        let mut more = findings;
        more.push(finding(Class::Note, Proof::Untried));
        prop_assert_eq!(conclude(&evidence, more).verdict, before);
    }

    #[test]
    fn the_order_of_findings_does_not_change_the_verdict(
        kind in kinds(),
        (one, other) in findings().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let evidence = Evidence { stack: Some(stack(kind)), ..Evidence::default() };
        prop_assert_eq!(conclude(&evidence, one).verdict, conclude(&evidence, other).verdict);
    }
}
