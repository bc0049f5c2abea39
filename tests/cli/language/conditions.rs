//! Scenarios and steps that apply only somewhere.

use super::{Call, Walked};

fn with_when(arguments: &[&str], when: &str) -> Walked {
    let mut all = vec!["journey.yaml"];
    all.extend(arguments);
    let scenario = format!("name: Journey\nwhen: {{ {when} }}\nsteps:\n  - get: /j/x\n");
    Call::new(&all).file("journey.yaml", &scenario).run()
}

#[test]
fn a_scenario_runs_where_its_conditions_are_met() {
    for when in [
        "mode: subpath",
        "mode: [subdomain, subpath]",
        "scheme: http",
        "scheme: [https, http]",
        "stack: external",
        "stack: [embedded, external]",
        "service: forge",
        "service: [edge, chat]",
    ] {
        let walked = with_when(&[], when).passed();
        assert_eq!((walked.scenarios(), walked.lines.len()), (vec!["passed".to_owned()], 1), "{when}");
    }
}

#[test]
fn elsewhere_it_is_skipped_and_the_report_says_why() {
    for (when, reason) in [
        ("mode: subdomain", "not in subpath mode"),
        ("scheme: https", "not over http"),
        ("stack: containers", "not on the external stack"),
        ("stack: [containers, embedded]", "not on the external stack"),
        ("service: ci", "there is no ci here"),
        ("service: [forge, ci]", "there is no ci here"),
    ] {
        let walked = with_when(&[], when);
        assert_eq!((walked.scenarios(), walked.lines.len()), (vec![format!("skipped: {reason}")], 0), "{when}");
        // A run that tried nothing has not passed.
        assert_eq!(walked.exit, Some(3), "{when}");
    }
}

#[test]
fn a_service_that_must_be_there_is_not_skipped() {
    let walked = with_when(&["--require", "ci"], "service: ci");
    assert_eq!((walked.scenarios(), walked.lines.len()), (vec!["passed".to_owned()], 1));
}

#[test]
fn a_scenario_that_writes_needs_leave_on_a_site_that_somebody_else_runs() {
    let refused = with_when(&[], "writes: true");
    assert_eq!(refused.scenarios(), ["skipped: it writes; give --allow-writes to let it"]);
    assert_eq!(refused.lines, Vec::<String>::new());
    let allowed = with_when(&["--allow-writes"], "writes: true").passed();
    assert_eq!((allowed.scenarios(), allowed.lines), (vec!["passed".to_owned()], vec!["GET /j/x".to_owned()]));
}

#[test]
fn a_step_that_does_not_apply_is_skipped_and_the_report_says_why() {
    let steps = r#"  - get: /j/shop
  - get: /j/subdomain
    when: { mode: subdomain }
  - get: /j/subpath
    when: { mode: subpath, stack: external }
  - get: /j/embedded
    when: { stack: embedded }
  - get: /j/ci
    when: { service: ci }
  - get: /j/shop
  - get: /j/missing
    when: { css: .missing }
  - get: /j/item
    when: { css: "li[data-id='7']" }
  - get: /j/unmade
    when: { status: [201, 404] }
  - get: /j/made
    when: { status: 200 }
"#;
    let walked = Call::new(&["journey.yaml"]).scenario("journey.yaml", steps).run().passed();
    assert_eq!(walked.lines, ["GET /j/shop", "GET /j/subpath", "GET /j/shop", "GET /j/item", "GET /j/made"]);
    assert_eq!(
        walked.steps(),
        [
            "passed",
            "skipped: not in subpath mode",
            "passed",
            "skipped: not on the external stack",
            "skipped: there is no ci here",
            "passed",
            "skipped: the last page has no `.missing`",
            "passed",
            "skipped: the last answer was 200",
            "passed"
        ]
    );
}

#[test]
fn a_condition_on_a_page_is_not_met_where_there_is_none() {
    let steps = "  - get: /j/x\n    when: { css: body }\n";
    let walked = Call::new(&["journey.yaml"]).scenario("journey.yaml", steps).run();
    assert_eq!(walked.scenarios(), ["skipped: none of its steps applies here"]);
    assert_eq!(walked.steps(), ["skipped: there is no page yet"]);
}

#[test]
fn a_condition_that_is_none_is_located() {
    let walked = with_when(&[], "mode: subdir, stack: docker, service: [forge, wiki], css: h1");
    assert_eq!(walked.exit, Some(64));
    insta::assert_snapshot!(walked.answer);
}
