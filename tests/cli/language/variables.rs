//! Where values come from, and which of several wins.

use super::{Call, Walked};

fn scenario(arguments: &[&str], text: &str) -> Walked {
    let mut all = vec!["main.yaml"];
    all.extend(arguments);
    let file = "# a comment\n\n a = file \nb=file=1\n";
    let inner = "name: Inner\nvars: { a: inner, b: inner, c: inner, d: inner }\nsteps:\n  - get: /j/inner/${a}/${b}/${c}/${d}\n";
    Call::new(&all).file("vars.txt", file).file("inner.yaml", inner).file("main.yaml", text).run()
}

const PLAIN: &str = "name: Main\nvars: { a: own, b: own, c: own }\nsteps:\n  - get: /j/${a}/${b}/${c}\n";

#[test]
fn the_command_line_wins_over_a_file_and_both_over_the_scenario() {
    assert_eq!(scenario(&[], PLAIN).passed().lines, ["GET /j/own/own/own"]);
    assert_eq!(scenario(&["--vars", "vars.txt"], PLAIN).passed().lines, ["GET /j/file/file=1/own"]);
    assert_eq!(scenario(&["--vars", "vars.txt", "--var", "b=x=y"], PLAIN).passed().lines, ["GET /j/file/x=y/own"]);
    assert_eq!(scenario(&["--var", "b=1", "--var", "b=2"], PLAIN).passed().lines, ["GET /j/own/2/own"]);
}

#[test]
fn from_captured_to_default() {
    // One each: captured, given on the command line, handed in, the used scenario's own.
    let text = "name: Main\nsteps:\n  - get: /j/data\n    capture: { a: { json: $.name } }\n  - use: inner\n    with: { a: with, b: with, c: with }\n";
    let walked = scenario(&["--var", "a=given", "--var", "b=given"], text).passed();
    assert_eq!(walked.lines[1], "GET /j/inner/Ada/given/with/inner");
}

#[test]
fn a_scenario_s_default_wins_over_the_stack_s_value() {
    let text = "name: Main\nsteps:\n  - get: /j/${host}\n";
    assert_eq!(scenario(&[], text).passed().lines, ["GET /j/127.0.0.1"]);
    let text = "name: Main\nvars: { host: own }\nsteps:\n  - get: /j/${host}\n";
    assert_eq!(scenario(&[], text).passed().lines, ["GET /j/own"]);
}

#[test]
fn a_default_can_be_made_of_others() {
    let text = "name: Main\nvars: { all: \"${a}-${b}\", a: 1, b: \"${a}2\" }\nsteps:\n  - get: /j/${all}\n";
    assert_eq!(scenario(&[], text).passed().lines, ["GET /j/1-12"]);
}

#[test]
fn a_dollar_is_written_twice() {
    let text = "name: Main\nsteps:\n  - get: /j/$${a}/$1\n";
    assert_eq!(scenario(&[], text).passed().lines, ["GET /j/${a}/$1"]);
}

#[test]
fn a_variable_that_is_captured_only_later_has_no_value_yet() {
    let text = "name: Main\nsteps:\n  - get: /j/${later}\n  - get: /j/x\n    capture: { later: { url: true } }\n";
    let walked = scenario(&[], text);
    assert_eq!(walked.exit, Some(64));
    insta::assert_snapshot!(walked.answer);
}

#[test]
fn defaults_that_go_round_in_a_circle_are_located() {
    let text = "name: Main\nvars: { a: \"${b}\", b: \"${a}\" }\nsteps:\n  - get: /j/${a}\n";
    let walked = scenario(&[], text);
    assert_eq!(walked.exit, Some(64), "{}", walked.answer);
    insta::assert_snapshot!(walked.answer);
}

#[test]
fn defaults_that_grow_beyond_measure_are_located() {
    let bomb: String =
        (1..15).map(|level| format!("  v{level}: \"{}\"\n", format!("${{v{}}}", level - 1).repeat(10))).collect();
    let walked = scenario(&[], &format!("name: Main\nvars:\n  v0: x\n{bomb}steps:\n  - get: /j/${{v14}}\n"));
    assert_eq!(walked.exit, Some(64), "{}", walked.answer);
    insta::assert_snapshot!(walked.answer);
}

#[test]
fn a_line_that_gives_no_variable_is_located() {
    let walked = Call::new(&["--vars", "vars.txt", "main.yaml"])
        .file("vars.txt", "a=1\nnonsense\n")
        .file("main.yaml", PLAIN)
        .run();
    assert_eq!(walked.exit, Some(64));
    insta::assert_snapshot!(walked.answer);
}
