//! Files that are wrong: each is refused with its place, and nothing is run.

use crate::program::Program;

fn answer(arguments: &[&str], files: &[(&str, &[u8])]) -> String {
    let program = Program::new(arguments);
    files.iter().fold(program, |program, (name, content)| program.file(name, content)).answer()
}

#[test]
fn a_missing_file() {
    insta::assert_snapshot!(answer(&["nowhere.yaml"], &[]));
}

#[test]
fn a_directory_without_scenarios() {
    insta::assert_snapshot!(answer(&["empty"], &[("empty/readme.txt", b"nothing here")]));
}

#[test]
fn an_empty_file() {
    insta::assert_snapshot!(answer(&["check", "empty.yaml"], &[("empty.yaml", b"")]));
}

#[test]
fn a_file_of_ten_megabytes() {
    let large = vec![b'#'; 10 * 1024 * 1024];
    insta::assert_snapshot!(answer(&["check", "large.yaml"], &[("large.yaml", &large)]));
}

#[test]
fn a_yaml_bomb() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        let previous = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{previous}]\n"));
    }
    let answer = answer(&["check", "bomb.yaml"], &[("bomb.yaml", bomb.as_bytes())]);
    assert!(answer.starts_with("exit: 64\n"), "{answer}");
    assert!(answer.contains("bomb.yaml:"), "{answer}");
    assert!(answer.len() < 20_000, "{} bytes of answer", answer.len());
}

#[test]
fn a_file_that_is_not_utf8() {
    insta::assert_snapshot!(answer(&["check", "latin.yaml"], &[("latin.yaml", b"name: caf\xe9\n")]));
}

#[test]
fn several_errors_of_several_files_at_once() {
    let first = b"name: First\ntag: [x]\nsteps:\n  - get: /\n    expct: { status: 200 }\n  - post: 7\n    get: /\n";
    let second = b"name: Second\nname: Twice\nsteps: {}\n";
    insta::assert_snapshot!(answer(&["check", "all"], &[("all/first.yaml", first), ("all/second.yaml", second)]));
}

#[test]
fn a_variable_that_nothing_gives_a_value_to() {
    let text = b"name: Unresolved\nsteps:\n  - get: /${nothing}/x\n";
    insta::assert_snapshot!(answer(&["--stack", "embedded", "u.yaml"], &[("u.yaml", text)]));
}

#[test]
fn a_secret_that_is_not_set() {
    let text = b"name: Secret\nsecrets: [token]\nsteps:\n  - get: /\n    headers: { X-Token: \"${token}\" }\n";
    insta::assert_snapshot!(answer(&["--stack", "embedded", "s.yaml"], &[("s.yaml", text)]));
}

#[test]
fn a_used_scenario_that_is_not_there_or_uses_itself() {
    let files: [(&str, &[u8]); 3] = [
        ("all/a.yaml", b"name: A\nsteps:\n  - use: nowhere\n"),
        ("all/b.yaml", b"name: B\nsteps:\n  - use: c\n"),
        ("all/c.yaml", b"name: C\nsteps:\n  - use: b\n"),
    ];
    insta::assert_snapshot!(answer(&["check", "all"], &files));
}

#[test]
fn faults_are_checked_as_what_they_are() {
    let good = b"id: good\ntitle: A good one\ninject: { stop: [ci] }\n";
    let bad = b"id: bad\ntitle: A bad one\ninject:\n  routes: { registry: null }\n  tamper: { ci: [ { replace_body: { find: '(', with: x } } ] }\n";
    let scenario = b"name: x\nsteps: [{ get: / }]\n";
    insta::assert_snapshot!(answer(&["check", "."], &[("scenarios/one.yaml", scenario), ("faults/good.yaml", good)]));
    insta::assert_snapshot!(answer(&["check", "good.yaml"], &[("good.yaml", good)]));
    insta::assert_snapshot!(answer(&["check", "any"], &[("any/good.yaml", good), ("any/bad.yaml", bad)]));
    // In a folder of faults what says nothing to inject is a fault that lacks it.
    insta::assert_snapshot!(answer(&["check", "faults"], &[("faults/none.yaml", b"id: none\ntitle: Nothing\n")]));
}

#[test]
fn a_fault_that_the_stack_can_not_express_is_told_before_it_stands() {
    let scenario = b"name: x\nsteps: [{ get: / }]\n";
    let fault =
        b"id: admin-api-open\ntitle: Open\ninject: { caddyfile: { replace: admin off, with: 'admin :2019' } }\n";
    let files: [(&str, &[u8]); 2] = [("x.yaml", scenario), ("fault.yaml", fault)];
    insta::assert_snapshot!(answer(&["--stack", "embedded", "--fault", "fault.yaml", "x.yaml"], &files));
}
