//! No secret shows: not in the terminal, not in any report, however it is encoded.

use base64::Engine as _;

use crate::program::Program;
use crate::server::Server;

const SECRET: &str = "p4ss/w0rd+&=<ü>";

#[test]
fn a_secret_never_shows_however_it_travels() {
    let server = Server::start();
    let scenario = r#"
name: Secrets everywhere
secrets: [password]
vars: { literal: "p4ss/w0rd+&=<ü>" }
steps:
  - post: /login?p=${password}
    headers: { X-Password: "plain", Cookie: "s=${password}" }
    query: { again: "${password}" }
    form: { password: "${password}" }
    basic_auth: { user: me, password: "${password}" }
  - get: /token
    capture: { token: { header: X-Token, secret: true } }
  - post: /echo
    headers: { X-Captured: "${token}" }
    json: { password: "${password}" }
    expect:
      status: 404
      body: { contains: "${password}" }
      headers: { Content-Type: "${token}" }
"#;
    let mut program = Program::new(&["--base-url", &server.origin, "--secret", "password", "secrets.yaml"])
        .file("secrets.yaml", scenario)
        .env("PASSWORD", SECRET);
    let answer = program.answer();
    assert!(answer.starts_with("exit: 1\n"), "{answer}");
    let mut all = answer;
    for file in ["report.json", "junit.xml", "summary.md"] {
        all.push_str(&program.left(&format!("reports/latest/{file}")));
    }
    let encoded = |text: &str| {
        let mut forms: Vec<String> = vec![text.to_owned()];
        forms.push(url::form_urlencoded::byte_serialize(text.as_bytes()).collect());
        forms.push(base64::engine::general_purpose::STANDARD.encode(text));
        forms.push(base64::engine::general_purpose::STANDARD.encode(format!("me:{text}")));
        forms.push(text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
        forms
    };
    for form in encoded(SECRET).into_iter().chain(encoded("s3cr3t-token-0123")) {
        assert!(!all.contains(&form), "{form} shows in:\n{all}");
    }
}

#[test]
fn a_secret_has_no_place_on_the_command_line() {
    let answer = Program::new(&["--secret", "password=hunter2", "x.yaml"])
        .file("x.yaml", "name: X\nsteps:\n  - get: /\n")
        .answer();
    assert!(answer.starts_with("exit: 64\n"), "{answer}");
    assert!(!answer.contains("hunter2"), "{answer}");
    insta::assert_snapshot!(answer);
}

#[test]
fn a_secret_can_come_from_a_file() {
    let server = Server::start();
    let scenario = "name: X\nsecrets: [token]\nsteps:\n  - get: /\n    headers: { X-Token: \"${token}\" }\n";
    let answer = Program::new(&["--base-url", &server.origin, "--secret", "token=@token.txt", "x.yaml"])
        .file("x.yaml", scenario)
        .file("token.txt", "from-a-file\n")
        .answer();
    assert!(answer.starts_with("exit: 0\n"), "{answer}");
    assert!(server.heads.try_iter().any(|head| head.contains("from-a-file\r\n")));
}

#[test]
fn a_secret_is_no_plain_variable() {
    let scenario = "name: X\nsecrets: [password]\nsteps:\n  - get: /echo?p=${password}\n";
    for arguments in [["--var", "password=hunter2"], ["--vars", "vars.txt"]] {
        let server = Server::start();
        let mut all = vec!["--base-url", &server.origin, "x.yaml"];
        all.extend(arguments);
        let mut program = Program::new(&all).file("x.yaml", scenario).file("vars.txt", "password=hunter2\n");
        let answer = program.answer();
        assert!(!answer.contains("hunter2"), "{answer}");
        assert_eq!(program.find("reports/latest/report.json"), None);
        insta::assert_snapshot!("a_secret_is_no_plain_variable", answer);
    }
}

#[test]
fn a_secret_that_is_handed_to_a_used_scenario_is_hidden_too() {
    let server = Server::start();
    let outer =
        "name: Outer\nvars: { given: handed-in-0123 }\nsteps:\n  - use: login\n    with: { password: \"${given}\" }\n";
    let inner = "name: Inner\nsecrets: [password]\nsteps:\n  - get: /x?p=${password}\n    expect: { status: 404 }\n";
    let mut program = Program::new(&["--base-url", &server.origin, "--secret", "password", "all/outer.yaml"])
        .file("all/outer.yaml", outer)
        .file("all/login.yaml", inner)
        .env("PASSWORD", "another-secret");
    let mut all = program.answer();
    assert!(all.starts_with("exit: 1\n"), "{all}");
    all.push_str(&program.left("reports/latest/report.json"));
    assert!(all.contains("/x?p=***"), "{all}");
    assert!(!all.contains("handed-in-0123"), "{all}");
}
