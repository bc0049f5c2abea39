//! Services that went away while they were walked.

use verdict::evidence::{Evidence, OAuthPhaseKind, Restart, StackKind, Way};
use verdict::{Class, Verdict, judge};

use crate::build::{evidence, failed, passed};
use crate::scene::{asked, broke, codes, danced, get, only, phase, probed, scene, waited};

fn restarted(mut evidence: Evidence, service: &str) -> Evidence {
    evidence.restarts.push(Restart { service: service.into(), log: vec!["out of memory".into()] });
    evidence
}

/// A pipeline that came to nothing because its configuration couldn't be read.
fn pipeline() -> Evidence {
    let pipeline = get("/ci/api/repos/1/pipelines/1", 200).with("Authorization", "***");
    let pipeline = pipeline.body("application/json", r#"{"status":"error"}"#);
    scene(vec![waited(broke(vec![pipeline], "the JSON at `$.status` is not what was expected", "error"))])
}

#[test]
fn what_a_restart_may_have_left_behind_is_no_finding_of_its_own() {
    assert_eq!(codes(&pipeline()), ["unexplained"]);
    // The CI needs the forge and the agent.
    for service in ["forge", "ci", "ci-agent", "edge"] {
        let evidence = restarted(pipeline(), service);
        let finding = only(&evidence, "stack/service-restarted");
        assert_eq!((finding.class, finding.scenarios.as_slice()), (Class::Infrastructure, &["scene".to_owned()][..]));
        assert!(finding.evidence.iter().any(|seen| seen.quote == ["out of memory"]));
        let judgement = judge(&evidence);
        assert_eq!(judgement.verdict, Verdict::Inconclusive);
        assert!(judgement.reason.starts_with(&format!("{service} restarted while")), "{}", judgement.reason);
    }
    assert_eq!(codes(&restarted(pipeline(), "staging")), ["unexplained"], "nobody needs it");
}

#[test]
fn a_restart_without_consequences_is_none() {
    let judgement = judge(&restarted(evidence(StackKind::Containers, vec![passed("one")]), "forge"));
    assert_eq!((judgement.verdict, judgement.findings.len()), (Verdict::Pass, 0));
}

#[test]
fn the_agent_s_restart_is_about_pipelines_alone() {
    let journeys = vec![failed("dashboard", "/ci/", 404)];
    assert_eq!(codes(&restarted(evidence(StackKind::Containers, journeys), "ci-agent")), ["unexplained"]);
}

#[test]
fn what_is_as_bad_once_the_service_is_back_is_not_its_restart_s_doing() {
    let page = || get("/forge/explore", 404).body("text/html", "the page of somebody else");
    let before = || scene(vec![broke(vec![page()], "the status is not what was expected", "404")]);
    let again = probed(before(), "forge", Way::Edge, page());
    assert_eq!(codes(&restarted(again, "forge")), ["unexplained"]);
    let well = probed(before(), "forge", Way::Edge, get("/forge/explore", 200));
    assert_eq!(codes(&restarted(well, "forge")), ["stack/service-restarted"]);
    // A gateway's error on the way there is another matter, and so is what nobody asks twice.
    let hops = vec![get("/forge/explore", 502), page()];
    let gateway = probed(scene(vec![broke(hops, "the status", "404")]), "forge", Way::Edge, page());
    assert_eq!(codes(&restarted(gateway, "forge")), ["stack/service-restarted"]);
    let posted = scene(vec![broke(vec![asked("POST", "/forge/explore", 404)], "the status", "404")]);
    assert_eq!(codes(&restarted(posted, "forge")), ["stack/service-restarted"]);
}

#[test]
fn a_sign_in_s_last_answer_need_not_be_the_one_that_failed() {
    let denied = || get("/ci/login?error=access_denied", 200);
    let hops = vec![get("/ci/authorize", 303), denied()];
    let evidence = probed(scene(vec![danced(phase(OAuthPhaseKind::Again), hops)]), "ci", Way::Edge, denied());
    assert_eq!(codes(&restarted(evidence, "forge")), ["stack/service-restarted"]);
}

#[test]
fn who_needs_a_service_that_was_slow_or_away_is_not_to_blame() {
    // The forge's own request got no answer in time; the CI, which needed it as well, says so with a 500.
    let mut late = broke(vec![get("/forge/user/settings", 200)], "the scenario took longer than its 20s", "");
    late.trace[0].response = None;
    late.failures[0].kind = verdict::evidence::FailureKind::Timeout;
    let failing = asked("POST", "/ci/api/repos?forge_remote_id=2", 500).field("Via", "1.1 Caddy");
    let failing = broke(vec![failing], "the status is not what was expected", "500");
    assert_eq!(codes(&scene(vec![failing.clone()])), ["service/failing"]);
    assert_eq!(codes(&scene(vec![late, failing.clone()])), ["service/slow"]);
    // The forge was away for a moment.
    let away = broke(vec![get("/forge/user/settings", 502)], "the status", "502");
    let evidence = probed(scene(vec![away, failing]), "forge", Way::Edge, get("/forge/user/settings", 200));
    assert_eq!(codes(&evidence), ["service/unsteady"]);
}
