//! Deadlines: nothing hangs, and the message points at the one that was missed.

use super::{Call, Walked, walk};

fn journey(head: &str, steps: &str, arguments: &[&str]) -> Walked {
    let mut all = vec!["journey.yaml"];
    all.extend(arguments);
    Call::new(&all).file("journey.yaml", &format!("name: Journey\n{head}steps:\n{steps}")).run()
}

#[test]
fn a_step_s_own_deadline() {
    let walked = walk("  - get: /j/x\n    timeout: 20s\n  - get: /never\n    timeout: 250ms\n  - get: /j/after\n");
    assert_eq!(walked.lines, ["GET /j/x"]);
    assert_eq!(walked.at("/scenarios/0/steps/1/failures/0/kind"), "timeout");
    // What didn't come in time may still be well: nothing is claimed.
    assert_eq!(walked.exit, Some(3));
    insta::assert_snapshot!(walked.located());
}

#[test]
fn a_step_s_deadline_holds_for_all_its_tries_and_the_last_failure_is_reported() {
    let steps =
        "  - get: /j/text\n    retry: { within: 1h, every: 10ms }\n    expect: { status: 404 }\n    timeout: 500ms\n";
    let walked = walk(steps);
    assert!(walked.at("/scenarios/0/steps/0/attempts").as_u64() > Some(1), "{}", walked.report);
    insta::assert_snapshot!(walked.errors());
}

#[test]
fn a_scenario_s_own_deadline() {
    let walked = journey("timeout: 300ms\n", "  - get: /j/x\n  - get: /never\n    timeout: 20s\n", &[]);
    insta::assert_snapshot!(walked.located());
}

#[test]
fn a_deadline_for_scenarios_that_have_none() {
    let steps = "  - get: /never\n";
    insta::assert_snapshot!(journey("", steps, &["--timeout", "200ms"]).located());
    let own = journey("timeout: 200ms\n", steps, &["--timeout", "1h"]);
    assert_eq!(own.at("/scenarios/0/steps/0/failures/0/kind"), "timeout");
}

#[test]
fn a_deadline_without_a_unit_is_located() {
    let walked = journey("timeout: 5\n", "  - get: /j/x\n    timeout: 0s\n  - get: /j/x\n    timeout: soon\n", &[]);
    assert_eq!(walked.exit, Some(64));
    insta::assert_snapshot!(walked.answer);
}
