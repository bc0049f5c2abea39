//! The command line itself.

use crate::program::Program;

const SCENARIO: &str = "name: One\ntags: [quick]\nsteps:\n  - get: /\n";

#[test]
fn help_names_every_flag() {
    insta::assert_snapshot!(Program::new(&["--help"]).answer());
}

#[test]
fn a_wrong_flag_is_64_and_not_clap_s_own_2() {
    let answer = Program::new(&["--stak", "embedded"]).answer();
    assert!(answer.starts_with("exit: 64\n"), "{answer}");
    assert!(answer.contains("--stack"), "{answer}");
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    for arguments in [
        ["--stack", "external", "one.yaml", "--jobs", "1"],
        ["--base-url", "http://127.0.0.1:1", "--stack", "embedded", "one.yaml"],
        ["--base-url", "http://127.0.0.1:1", "--image", "forge=x", "one.yaml"],
        ["--jobs", "0", "one.yaml", "--stack", "embedded"],
        ["--shard", "3/2", "one.yaml", "--stack", "embedded"],
        ["--timeout", "soon", "one.yaml", "--stack", "embedded"],
        ["--set", "nobody:X=1", "one.yaml", "--stack", "embedded"],
    ] {
        let answer = Program::new(&arguments).file("one.yaml", SCENARIO).answer();
        assert!(answer.starts_with("exit: 64\n"), "{arguments:?}: {answer}");
    }
}

#[test]
fn a_list_runs_nothing() {
    let answer = Program::new(&["--list", "all"])
        .file("all/one.yaml", SCENARIO)
        .file("all/two.yaml", "name: Two\nsteps:\n  - get: /\n")
        .answer();
    insta::assert_snapshot!(answer);
}

#[test]
fn a_selection_that_fits_nothing_is_said() {
    let answer = Program::new(&["--tag", "slow", "one.yaml"]).file("one.yaml", SCENARIO).answer();
    insta::assert_snapshot!(answer);
}
