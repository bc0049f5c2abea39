//! What an upgrade changed, and what is set wrong on purpose, as users of `run` meet it.

use crate::program::{Program, filtered, shipped, shown};

const FAULT: &str = "id: root-url\ntitle: ROOT_URL lost its prefix\ninject:\n  env: { forge: { GITEA__server__ROOT_URL: \"${edge}/\" } }\n";

/// Runs once more in the same folder.
fn again(program: &mut Program, arguments: &[&str]) -> String {
    let folder = program.command().get_current_dir().unwrap().to_owned();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_edge-smoke"));
    command.args(arguments).current_dir(folder).env_clear().env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    shown(&command.output().unwrap())
}

/// What a green run leaves behind, and a folder with it.
fn green() -> Program {
    let scenario = std::fs::read(shipped("forge-login.yaml")).unwrap();
    let mut program = Program::new(&["--stack", "embedded", "login.yaml"])
        .file("login.yaml", scenario)
        .file("root-url.yaml", FAULT)
        .file("other.yaml", "name: Other\nsteps:\n  - get: ${staging}/\n    expect: { status: 200 }\n");
    let answer = program.answer();
    assert!(answer.starts_with("exit: 0\n"), "{answer}");
    program
}

/// The lines from `changed` to the next part, with the moment of the green run replaced.
fn changed(answer: &str) -> String {
    let lines = answer.lines().skip_while(|line| !line.starts_with("changed"));
    let text: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    regex::Regex::new(r"green run of\s+\S+:").unwrap().replace(&text.join("\n"), "green run of [moment]:").into_owned()
}

#[test]
fn the_first_hop_that_differs_from_the_last_green_run_is_named() {
    let mut program = green();
    let answer = again(&mut program, &["--stack", "embedded", "login.yaml", "--fault", "root-url.yaml"]);
    assert!(
        answer.starts_with("exit: 1\n") && answer.contains("set wrong on purpose: root-url: ROOT_URL lost"),
        "{answer}"
    );
    insta::assert_snapshot!(changed(&answer));
    let report: serde_json::Value = serde_json::from_str(&program.left("reports/latest/report.json")).unwrap();
    assert_eq!(report["changes"]["scenarios"].as_array().unwrap().len(), 1);
    let summary = filtered(&program.left("reports/latest/summary.md"));
    assert!(summary.contains("## What changed"), "{summary}");
}

#[test]
fn a_report_can_be_named_and_one_of_another_stack_is_not_compared() {
    let mut program = green();
    let kept = "reports/green/embedded-subpath/report.json";
    let elsewhere = program.left(kept).replace("\"mode\": \"subpath\"", "\"mode\": \"subdomain\"");
    let folder = program.command().get_current_dir().unwrap().to_owned();
    std::fs::write(folder.join("elsewhere.json"), elsewhere).unwrap();
    std::fs::rename(folder.join(kept), folder.join("green.json")).unwrap();
    let wrong = ["--stack", "embedded", "login.yaml", "--fault", "root-url.yaml"];
    let run = |program: &mut Program, more: &[&str]| again(program, &[&wrong[..], more].concat());
    assert_eq!(changed(&run(&mut program, &[])), "");
    assert!(changed(&run(&mut program, &["--since", "green.json"])).contains("Location was"));
    let answer = run(&mut program, &["--since", "elsewhere.json"]);
    assert!(
        answer.contains("in mode subdomain: nothing is compared with it") && changed(&answer).is_empty(),
        "{answer}"
    );
    for (name, text) in [("none.json", None), ("no.json", Some("{}"))] {
        text.into_iter().for_each(|text| std::fs::write(folder.join(name), text).unwrap());
        let answer = run(&mut program, &["--since", name]);
        assert!(answer.starts_with("exit: 64\n") && answer.contains("error: --since: "), "{answer}");
    }
}

#[test]
fn a_run_of_fewer_scenarios_and_one_that_is_wrong_on_purpose_leave_the_green_report_alone() {
    let mut program = green();
    let kept = |program: &Program| program.left("reports/green/embedded-subpath/report.json");
    let first = kept(&program);
    // Another scenario alone, all of it well; and what is wrong, although this scenario doesn't see it.
    for arguments in
        [&["other.yaml"][..], &["login.yaml", "other.yaml", "--fault", "root-url.yaml", "--filter", "other"]]
    {
        let answer = again(&mut program, &[&["--stack", "embedded"], arguments].concat());
        assert!(answer.starts_with("exit: 0\n"), "{answer}");
        assert_eq!(kept(&program), first);
    }
    let answer = again(&mut program, &["--stack", "embedded", "login.yaml", "other.yaml"]);
    assert!(answer.starts_with("exit: 0\n"), "{answer}");
    assert_ne!(kept(&program), first);
}

#[test]
fn a_green_report_that_is_of_no_use_is_said_and_nothing_more() {
    let mut program = green();
    let folder = program.command().get_current_dir().unwrap().to_owned();
    std::fs::write(folder.join("reports/green/embedded-subpath/report.json"), "{\"schema\": 7}").unwrap();
    let answer = again(&mut program, &["--stack", "embedded", "login.yaml", "--fault", "root-url.yaml"]);
    assert!(answer.starts_with("exit: 1\n") && answer.contains("the last green report is of no use"), "{answer}");
}

#[test]
fn a_fault_that_can_not_be_set_is_refused() {
    let scenario = std::fs::read(shipped("staging.yaml")).unwrap();
    let wrong = "id: wrong\ntitle: Wrong\ninject:\n  routs: {}\n";
    let program = |arguments: &[&str]| {
        Program::new(&[&["staging.yaml"], arguments].concat())
            .file("staging.yaml", &scenario)
            .file("wrong.yaml", wrong)
            .file("root-url.yaml", FAULT)
            .answer()
    };
    let answers = [
        program(&["--fault", "wrong.yaml"]),
        program(&["--fault", "none.yaml"]),
        program(&["--fault", "root-url.yaml", "--base-url", "https://example.org"]),
    ];
    insta::assert_snapshot!(answers.join("\n"));
}
