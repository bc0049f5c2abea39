//! Scenarios that use others.

use super::{Call, Walked};

/// A scenario that others use: it greets, and keeps what came.
const GREET: &str = "name: Greet
vars: { who: nobody, how: \"hello-${who}\" }
steps:
  - get: /j/greet/${how}
    capture: { title: { css: h1 } }
";

fn using(steps: &str) -> Walked {
    Call::new(&["main.yaml"]).file("greet.yaml", GREET).scenario("main.yaml", steps).run()
}

#[test]
fn the_steps_of_another_scenario_run_in_place_with_what_they_are_given() {
    let steps = "  - get: /j/before\n  - use: greet\n  - use: greet\n    with: { who: Ada }\n  - use: greet\n    with: { how: bye }\n  - get: /j/after/${title}\n";
    let walked = using(steps).passed();
    assert_eq!(
        walked.lines,
        [
            "GET /j/before",
            "GET /j/greet/hello-nobody",
            "GET /j/greet/hello-Ada",
            "GET /j/greet/bye",
            "GET /j/after/Hello"
        ]
    );
    let files: Vec<&str> =
        walked.at("/scenarios/0/steps").as_array().unwrap().iter().map(|step| step["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["main.yaml", "greet.yaml", "greet.yaml", "greet.yaml", "main.yaml"]);
}

#[test]
fn what_is_handed_in_is_said_in_the_user_s_own_terms() {
    // `who` is the outer scenario's where it is handed in, the inner one's where it is used.
    let walked = Call::new(&["main.yaml"])
        .file("greet.yaml", GREET)
        .file("main.yaml", "name: Main\nvars: { who: Bob }\nsteps:\n  - use: greet\n    with: { who: \"${who}-and-co\" }\n  - use: greet\n")
        .run()
        .passed();
    assert_eq!(walked.lines, ["GET /j/greet/hello-Bob-and-co", "GET /j/greet/hello-nobody"]);
}

#[test]
fn the_conditions_of_a_used_scenario_are_its_steps_own() {
    let walked = Call::new(&["main.yaml"])
        .file("other.yaml", "name: Other\nwhen: { mode: subdomain }\nsteps:\n  - get: /j/other\n")
        .scenario("main.yaml", "  - use: other\n  - get: /j/after\n")
        .run()
        .passed();
    assert_eq!(walked.lines, ["GET /j/after"]);
    assert_eq!(walked.steps(), ["skipped: not in subpath mode", "passed"]);
}

#[test]
fn the_condition_of_a_use_is_that_of_all_the_steps_and_looked_at_once() {
    let other = "name: Other\nsteps:\n  - get: /j/one\n  - get: /j/two\n";
    let call = |selector: &str| {
        let steps =
            format!("  - get: /j/shop\n  - use: other\n    when: {{ css: \"{selector}\" }}\n  - get: /j/after\n");
        Call::new(&["main.yaml"]).file("other.yaml", other).scenario("main.yaml", &steps).run().passed()
    };
    // The pages of the used scenario don't have what the page before it has.
    assert_eq!(call("li.item").lines, ["GET /j/shop", "GET /j/one", "GET /j/two", "GET /j/after"]);
    let skipped = call("li.missing");
    assert_eq!(skipped.lines, ["GET /j/shop", "GET /j/after"]);
    let reason = "skipped: the last page has no `li.missing`";
    assert_eq!(skipped.steps(), ["passed", reason, reason, "passed"]);
}

#[test]
fn a_failure_in_a_used_scenario_is_located_there() {
    let walked = Call::new(&["main.yaml"])
        .file(
            "other.yaml",
            "name: Other\nvars: { wanted: 404 }\nsteps:\n  - get: /j/x\n    expect: { status: \"${wanted}\" }\n",
        )
        .scenario("main.yaml", "  - use: other\n  - get: /j/after\n")
        .run();
    assert_eq!(walked.lines, ["GET /j/x"]);
    insta::assert_snapshot!(walked.errors());
}

#[test]
fn an_unknown_variable_in_what_is_handed_in_is_located() {
    let walked = using("  - use: greet\n    with: { who: \"${whom}\" }\n");
    assert_eq!(walked.exit, Some(64));
    insta::assert_snapshot!(walked.answer);
}
