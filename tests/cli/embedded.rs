//! The shipped scenarios on the embedded stack, with no engine: what a newcomer sees first.

use crate::program::{Program, shipped};

#[test]
fn the_first_command_of_the_readme() {
    let scenario = shipped("forge-login.yaml");
    let mut program = Program::new(&["forge-login.yaml"]).file("forge-login.yaml", std::fs::read(scenario).unwrap());
    insta::assert_snapshot!(program.answer());
}

#[test]
fn a_root_url_without_its_prefix_is_located() {
    let scenario = shipped("forge-login.yaml");
    let mut program = Program::new(&["--set", "forge:GITEA__server__ROOT_URL=http://forge:3000/", "forge-login.yaml"])
        .file("forge-login.yaml", std::fs::read(scenario).unwrap());
    let answer = program.answer();
    assert!(answer.starts_with("exit: 1\n"), "{answer}");
    insta::assert_snapshot!(answer);
}

#[test]
fn every_format_goes_to_standard_output_alone() {
    let scenario = std::fs::read(shipped("staging.yaml")).unwrap();
    for (format, start) in [("json", "{"), ("junit", "<?xml"), ("markdown", "#")] {
        let mut program = Program::new(&["--format", format, "staging.yaml"]).file("staging.yaml", &scenario);
        let output = program.output();
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with(start), "{format}: {text}");
    }
}
