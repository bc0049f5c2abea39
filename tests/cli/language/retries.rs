//! Steps repeated until they hold.

use super::walk;

#[test]
fn a_step_is_repeated_until_its_expectations_hold() {
    let walked =
        walk("  - get: /j/third/a\n    retry: { within: 20s, every: 1ms }\n    expect: { status: 200, body: ready }\n")
            .passed();
    assert_eq!(walked.at("/scenarios/0/steps/0/attempts"), 3);
    assert_eq!(walked.lines, ["GET /j/third/a"; 3]);
    // The trace is that of the last attempt.
    assert_eq!(walked.at("/scenarios/0/steps/0/trace").as_array().unwrap().len(), 1);
}

#[test]
fn without_retry_a_step_is_tried_once() {
    let walked = walk("  - get: /j/third/a\n    expect: { status: 200 }\n");
    assert_eq!((walked.exit, walked.at("/scenarios/0/steps/0/attempts")), (Some(1), &1.into()));
    assert_eq!(walked.lines.len(), 1);
}

#[test]
fn a_form_is_submitted_anew_from_the_page_it_was_on() {
    let steps = "  - get: /j/forms\n  - submit: \"#search\"\n    retry: { within: 100ms, every: 30ms }\n    expect: { css: { h1: Done } }\n";
    let walked = walk(steps);
    assert!(walked.lines.len() > 2, "{:?}", walked.lines);
    assert!(walked.lines[1..].iter().all(|line| line == "GET /j/found?q=&page=1"), "{:?}", walked.lines);
}

#[test]
fn when_the_time_for_trying_is_over_the_last_failure_is_reported() {
    let walked =
        walk("  - get: /j/text\n    retry: { within: 60ms, every: 20ms }\n    expect: { body: { contains: sorry } }\n");
    assert!(walked.at("/scenarios/0/steps/0/attempts").as_u64() > Some(1), "{}", walked.report);
    insta::assert_snapshot!(walked.errors());
}

#[test]
fn a_scenario_s_own_mistake_is_not_repeated() {
    let steps = "  - get: /j/forms\n  - submit: \"#search\"\n    with: { nmae: x }\n    retry: { within: 20s, every: 1ms }\n    expect: { status: 200 }\n";
    assert_eq!(walk(steps).at("/scenarios/0/steps/1/attempts"), 1);
}

#[test]
fn a_retry_that_waits_for_nothing_or_never_tries_again_is_located() {
    let walked = walk(
        "  - get: /j/x\n    retry: { within: 5s }\n  - get: /j/x\n    retry: { within: 1s, every: 2s }\n    expect: { status: 200 }\n",
    );
    assert_eq!(walked.exit, Some(64));
    insta::assert_snapshot!(walked.answer);
}
