//! Several scenarios at once, failed ones anew, and an early end.

use super::{Call, Walked};

fn third(arguments: &[&str]) -> Walked {
    let mut all = vec!["journey.yaml"];
    all.extend(arguments);
    Call::new(&all).scenario("journey.yaml", "  - get: /j/third/a\n    expect: { status: 200 }\n").run()
}

#[test]
fn a_failed_scenario_is_begun_anew_as_often_as_asked() {
    let walked = third(&["--retries", "2"]).passed();
    assert_eq!(walked.scenarios(), ["passed: passed at try 3 of 3"]);
    assert_eq!(walked.lines.len(), 3);
    let walked = third(&["--retries", "1"]);
    assert_eq!((walked.exit, walked.scenarios(), walked.lines.len()), (Some(1), vec!["failed".to_owned()], 2));
}

fn two(arguments: &[&str]) -> Walked {
    let mut all = vec!["all", "--jobs", "1"];
    all.extend(arguments);
    Call::new(&all)
        .scenario("all/a.yaml", "  - get: /j/a\n    expect: { status: 404 }\n")
        .scenario("all/b.yaml", "  - get: /j/b\n")
        .run()
}

#[test]
fn after_a_failure_the_others_run_unless_told_otherwise() {
    let walked = two(&[]);
    assert_eq!((walked.exit, walked.scenarios()), (Some(1), vec!["failed".to_owned(), "passed".to_owned()]));
    assert_eq!(walked.lines, ["GET /j/a", "GET /j/b"]);
    let walked = two(&["--fail-fast"]);
    assert_eq!(walked.exit, Some(1));
    assert_eq!(walked.scenarios(), ["failed", "skipped: an earlier scenario failed (--fail-fast)"]);
    assert_eq!(walked.lines, ["GET /j/a"]);
}

#[test]
fn scenarios_run_at_the_same_time() {
    // No request is answered before all four are there.
    let mut call = Call::new(&["all", "--jobs", "4"]);
    for number in 0..4 {
        let steps = "  - get: /j/together/4\n    expect: { status: 200 }\n";
        call = call.scenario(&format!("all/{number}.yaml"), steps);
    }
    assert_eq!(call.run().passed().lines.len(), 4);
}

#[test]
fn one_job_is_one_scenario_at_a_time() {
    // The report keeps the order of the files, and so does the wire.
    let mut call = Call::new(&["all", "--jobs", "1"]);
    for name in ["b", "c", "a"] {
        call = call.scenario(&format!("all/{name}.yaml"), &format!("  - get: /j/{name}1\n  - get: /j/{name}2\n"));
    }
    let lines = call.run().passed().lines;
    assert_eq!(lines, ["GET /j/a1", "GET /j/a2", "GET /j/b1", "GET /j/b2", "GET /j/c1", "GET /j/c2"]);
}
