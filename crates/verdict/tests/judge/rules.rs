//! Each rule on the evidence that it is there for, and on its look-alikes.

use verdict::evidence::{AssetKind, Evidence, FailureKind, Outcome, ServiceKind, StackKind};
use verdict::rules::{rule, rules};
use verdict::{Class, Judgement, Verdict, judge};

use crate::build::{
    SITE, evidence, failed, failure, journey, passed, silent, step, trouble, with_broken_asset, without_trying,
};

fn codes(judgement: &Judgement) -> Vec<&str> {
    judgement.findings.iter().map(|finding| finding.code.as_str()).collect()
}

#[test]
fn all_passed() {
    let judgement = judge(&evidence(StackKind::Containers, vec![passed("one")]));
    assert_eq!((judgement.verdict, judgement.reason.as_str()), (Verdict::Pass, "The one scenario passed."));
    assert!(judgement.findings.is_empty());
}

#[test]
fn skipped_beside_passed_is_a_pass_that_says_so() {
    let journeys = vec![passed("one"), without_trying("two", Outcome::Skipped, "needs the service ci")];
    let judgement = judge(&evidence(StackKind::Containers, journeys));
    assert_eq!(judgement.verdict, Verdict::Pass);
    assert_eq!(judgement.reason, "1 scenario passed, 1 skipped.");
}

#[test]
fn nothing_tried_is_no_pass() {
    for journeys in [vec![], vec![without_trying("one", Outcome::Skipped, "needs the service ci")]] {
        let judgement = judge(&evidence(StackKind::Containers, journeys));
        assert_eq!(judgement.verdict, Verdict::Inconclusive);
        assert_eq!(codes(&judgement), ["harness/nothing-ran"]);
    }
    let two = ["one", "two"].map(|name| without_trying(name, Outcome::Skipped, "needs the service ci"));
    let judgement = judge(&evidence(StackKind::Containers, two.to_vec()));
    assert_eq!(judgement.reason, "All 2 scenarios were skipped; nothing is claimed about the site.");
    assert_eq!(judgement.findings[0].scenarios, ["one", "two"]);
}

#[test]
fn an_unexplained_failure_is_to_be_fixed_and_offers_no_fix() {
    let judgement = judge(&evidence(StackKind::Containers, vec![passed("one"), failed("login", "/forge/", 404)]));
    assert_eq!(judgement.verdict, Verdict::Fix);
    assert_eq!(judgement.reason, "1 of 2 scenarios failed (login), and no rule explains why.");
    let finding = &judgement.findings[0];
    assert_eq!((finding.code.as_str(), finding.class), ("unexplained", Class::Fixable));
    assert_eq!(finding.fix, None);
    assert_eq!(finding.scenarios, ["login"]);
    assert_eq!(
        finding.cause,
        "`get http://edge.test:8080/forge/` (scenarios/login.yaml:4): GET http://edge.test:8080/forge/ → 404: \
         expected status 200, found 404."
    );
}

#[test]
fn a_shared_step_that_fails_is_one_finding() {
    let mut first = failed("first", "/forge/explore", 404);
    let mut second = failed("second", "/forge/explore", 404);
    for journey in [&mut first, &mut second] {
        journey.steps[0].file = "scenarios/signed-in-as.yaml".into();
    }
    let other = failed("third", "/forge/explore", 404);
    let judgement = judge(&evidence(StackKind::Containers, vec![first, second, other]));
    let explained: Vec<_> = judgement.findings.iter().map(|finding| finding.scenarios.clone()).collect();
    assert_eq!(codes(&judgement), ["unexplained", "unexplained"]);
    assert_eq!(explained, [vec!["first".to_owned(), "second".to_owned()], vec!["third".to_owned()]]);
    assert_eq!(judgement.reason, "3 of 3 scenarios failed, and no rule explains why.");
}

#[test]
fn a_failure_that_names_nothing_is_still_a_failure() {
    let without_steps = journey("no-steps", Outcome::Failed, vec![]);
    let mut mute = step("mute", SITE, Some(200), FailureKind::Expectation, "");
    mute.failures.clear();
    let mut contradicting = passed("contradicting");
    contradicting.steps = vec![mute.clone()];
    for journey in [without_steps, journey("mute", Outcome::Failed, vec![mute]), contradicting] {
        let judgement = judge(&evidence(StackKind::Containers, vec![journey]));
        assert_eq!((judgement.verdict, codes(&judgement)), (Verdict::Fix, vec!["unexplained"]));
    }
}

#[test]
fn an_errored_scenario_claims_nothing() {
    let errored = without_trying("login", Outcome::Errored, "the secret `password` has no value");
    let judgement = judge(&evidence(StackKind::External, vec![passed("one"), errored, failed("two", "/forge/", 404)]));
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    assert_eq!(codes(&judgement), ["harness/not-tried", "unexplained"]);
    assert_eq!(
        judgement.reason,
        "`login` could not be tried: the secret `password` has no value, and 1 more finding; nothing is claimed about \
         the site."
    );
}

#[test]
fn a_stack_that_never_stood() {
    let errored = without_trying("login", Outcome::Errored, "the stack did not stand");
    let evidence = Evidence {
        stack: None,
        journeys: vec![errored],
        troubles: vec![trouble(Some("forge"), "it did not answer on /api/healthz within 60 s")],
        ..Evidence::default()
    };
    let judgement = judge(&evidence);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    assert_eq!(codes(&judgement), ["stack/failed"], "the errored scenario is a consequence");
    let finding = &judgement.findings[0];
    assert_eq!(finding.cause, "forge: it did not answer on /api/healthz within 60 s.");
    assert_eq!(finding.scenarios, ["login"]);
    assert!(finding.evidence.iter().any(|seen| seen.quote == ["listening", "out of memory"]));
    assert_eq!(finding.fix.as_ref().map(|fix| fix.summary.as_str()), Some("Look at its log."));
}

#[test]
fn a_service_that_died_explains_what_failed_on_its_routes_alone() {
    let mut evidence = evidence(
        StackKind::Containers,
        vec![failed("forge", "/forge/user/login", 502), failed("ci", "/ci/", 404), failed("ci-gateway", "/ci/", 502)],
    );
    evidence.troubles = vec![trouble(Some("forge"), "the forge died with exit code 137")];
    let judgement = judge(&evidence);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    assert_eq!(codes(&judgement), ["stack/service-died", "unexplained", "unexplained"]);
    assert_eq!(judgement.findings[0].scenarios, ["forge"]);
    assert_eq!(judgement.findings[0].cause, "the forge died with exit code 137.");
}

#[test]
fn a_service_that_died_does_not_explain_a_wrong_page() {
    let mut evidence = evidence(StackKind::Containers, vec![failed("forge", "/forge/user/login", 404)]);
    evidence.troubles = vec![trouble(Some("forge"), "the forge died")];
    assert_eq!(codes(&judge(&evidence)), ["stack/service-died", "unexplained"]);
}

#[test]
fn a_bad_gateway_of_an_external_stack_names_both_causes() {
    for status in [502, 503, 504] {
        let journeys = vec![failed("one", "/forge/user/login", status), failed("two", "/forge/", status)];
        let judgement = judge(&evidence(StackKind::External, journeys));
        assert_eq!((judgement.verdict, codes(&judgement)), (Verdict::Inconclusive, vec!["edge/bad-gateway"]));
        let finding = &judgement.findings[0];
        assert!(finding.cause.contains("is down") && finding.cause.contains("wrong address"), "{}", finding.cause);
        assert!(finding.fix.as_ref().is_some_and(|fix| fix.summary.contains("no such host")));
        assert_eq!(finding.scenarios, ["one", "two"]);
    }
}

#[test]
fn a_bad_gateway_is_no_excuse_on_a_stack_of_our_own_nor_for_another_site() {
    let judgement = judge(&evidence(StackKind::Containers, vec![failed("one", "/forge/", 502)]));
    assert_eq!((judgement.verdict, codes(&judgement)), (Verdict::Fix, vec!["unexplained"]));
    let elsewhere =
        step("one", "http://other.test/", Some(502), FailureKind::Expectation, "expected status 200, found 502");
    let judgement = judge(&evidence(StackKind::External, vec![journey("one", Outcome::Failed, vec![elsewhere])]));
    assert_eq!(judgement.verdict, Verdict::Fix);
    let judgement = judge(&evidence(StackKind::External, vec![failed("one", "/forge/", 500)]));
    assert_eq!(judgement.verdict, Verdict::Fix);
}

#[test]
fn a_site_that_refuses_is_not_judged() {
    for kind in [StackKind::Embedded, StackKind::Containers, StackKind::External] {
        let refused = silent("one", &format!("{SITE}/forge/"), FailureKind::Connect, "connection refused");
        let judgement = judge(&evidence(kind, vec![refused, passed("two")]));
        assert_eq!((judgement.verdict, codes(&judgement)), (Verdict::Inconclusive, vec!["stack/unreachable"]));
    }
    let unresolved = silent("one", &format!("{SITE}/"), FailureKind::Resolve, "no such host");
    let judgement = judge(&evidence(StackKind::External, vec![unresolved]));
    assert_eq!(
        judgement.reason,
        "http://edge.test:8080 can't be reached: its name does not resolve; nothing is claimed about the site."
    );
}

#[test]
fn a_site_that_sends_the_browser_to_a_dead_address_is_judged() {
    for (url, kind) in [
        ("http://forgejo:3000/login/oauth/authorize", FailureKind::Resolve),
        ("http://edge.test:3000/", FailureKind::Connect),
        ("https://edge.test:8080/", FailureKind::Connect),
    ] {
        let judgement = judge(&evidence(StackKind::Containers, vec![silent("one", url, kind, "no")]));
        assert_eq!((judgement.verdict, codes(&judgement)), (Verdict::Fix, vec!["unexplained"]), "{url}");
    }
}

#[test]
fn a_deadline_of_the_harness_claims_nothing() {
    let late = |name: &str| silent(name, &format!("{SITE}/{name}"), FailureKind::Timeout, "no end within 30 s");
    let judgement = judge(&evidence(StackKind::Containers, vec![late("one"), passed("two")]));
    assert_eq!((judgement.verdict, codes(&judgement)), (Verdict::Inconclusive, vec!["harness/timeout"]));
    assert_eq!(
        judgement.findings[0].cause,
        "`get http://edge.test:8080/one` (scenarios/one.yaml:4) did not end before the harness's deadline."
    );
    let many = ["one", "two", "three", "four"].map(late).to_vec();
    let judgement = judge(&evidence(StackKind::Containers, many));
    assert!(judgement.reason.starts_with("4 steps did not end"), "{}", judgement.reason);
}

#[test]
fn the_failures_that_are_the_sites_own_are_not_infrastructure() {
    for kind in [
        FailureKind::Expectation,
        FailureKind::Tls,
        FailureKind::Protocol,
        FailureKind::TooLarge,
        FailureKind::RedirectLoop,
        FailureKind::Scenario,
    ] {
        let judgement = judge(&evidence(StackKind::External, vec![silent("one", SITE, kind, "trouble")]));
        assert_eq!((judgement.verdict, codes(&judgement)), (Verdict::Fix, vec!["unexplained"]), "{kind:?}");
    }
}

#[test]
fn one_step_can_have_several_causes() {
    let mut both = failed("one", "/forge/", 404);
    both.steps[0].failures.push(failure("scenarios/one.yaml", FailureKind::Timeout, "no end within 30 s"));
    let judgement = judge(&evidence(StackKind::Containers, vec![both]));
    assert_eq!(codes(&judgement), ["harness/timeout", "unexplained"]);
}

#[test]
fn doubles_never_speak_for_the_real_programs() {
    let limit = "says nothing about the real programs.";
    for journeys in [vec![passed("one")], vec![failed("one", "/forge/", 404)], vec![]] {
        let reason = judge(&evidence(StackKind::Embedded, journeys.clone())).reason;
        assert!(reason.ends_with(limit), "{reason}");
        let reason = judge(&evidence(StackKind::Containers, journeys)).reason;
        assert!(!reason.contains("double"), "{reason}");
    }
    let mut mixed = evidence(StackKind::Containers, vec![passed("one")]);
    if let Some(stack) = &mut mixed.stack {
        stack.services[2].kind = ServiceKind::Double;
    }
    assert_eq!(
        judge(&mixed).reason,
        "The one scenario passed; this was on doubles (ci) and says nothing about the real programs."
    );
}

#[test]
fn findings_carry_what_their_rule_says() {
    for finding in
        judge(&evidence(StackKind::External, vec![failed("one", "/x", 502), failed("two", "/y", 404)])).findings
    {
        let rule = rule(&finding.code).expect("every finding's code is a rule's");
        assert_eq!((finding.class, finding.severity, finding.title.as_str()), (rule.class, rule.severity, rule.title));
    }
    assert!(rules().len() > 5);
}

#[test]
fn what_a_page_can_do_without_is_a_note_and_no_more() {
    let icon = || with_broken_asset("dashboard", "/favicons/a.png", AssetKind::Icon, false);
    let judgement = judge(&evidence(StackKind::Containers, vec![icon()]));
    assert_eq!(judgement.verdict, Verdict::Pass);
    assert_eq!(judgement.reason, "The one scenario passed, with 1 note.");
    assert_eq!(codes(&judgement), ["page/optional-asset"]);
    let finding = &judgement.findings[0];
    assert_eq!((finding.class, finding.fix.as_ref()), (Class::Note, None));
    assert_eq!(
        finding.cause,
        "http://edge.test:8080/ci/ loads, and can do without, the icon http://edge.test:8080/favicons/a.png \
         (<link rel=icon> in http://edge.test:8080/ci/:6): status 404."
    );
    // The same page seen by two journeys is one finding, and two files of it are still one.
    let other = with_broken_asset("sign-in", "/b.png", AssetKind::Icon, false);
    let judgement = judge(&evidence(StackKind::Containers, vec![icon(), icon(), other]));
    assert_eq!(judgement.findings.len(), 1);
    assert_eq!(judgement.findings[0].scenarios, ["dashboard", "sign-in"]);
    assert!(judgement.findings[0].cause.contains("2 files"));
    // Of what is essential the step itself says what is wrong.
    let essential = with_broken_asset("dashboard", "/a.js", AssetKind::Script, true);
    assert!(judge(&evidence(StackKind::Containers, vec![essential])).findings.is_empty());
    // A note explains no failure.
    let judgement = judge(&evidence(StackKind::Containers, vec![icon(), failed("login", "/forge/", 404)]));
    assert_eq!(codes(&judgement), ["unexplained", "page/optional-asset"]);
}
