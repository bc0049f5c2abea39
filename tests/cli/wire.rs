//! What goes over the wire is what the scenario says, byte for byte.

use crate::program::Program;
use crate::server::Server;

#[test]
fn targets_are_sent_as_written() {
    let targets = [
        "//chat/x",
        "/chat/%2e%2e/x",
        "/chat/../x",
        r"/chat\..\x",
        "/a//b/./c;d=e",
        "/q?x=%zz&y=a+b&x=?",
        "/{braces}|pipe^caret",
        "/%E2%98%83/\u{2603}",
    ];
    let server = Server::start();
    let steps: String =
        targets.iter().map(|target| format!("  - get: '{target}'\n    expect: {{ status: 200 }}\n")).collect();
    let scenario = format!("name: Raw targets\nsteps:\n{steps}");
    let answer = Program::new(&["--base-url", &server.origin, "raw.yaml"]).file("raw.yaml", scenario).answer();
    assert!(answer.starts_with("exit: 0\n"), "{answer}");
    let sent = server.request_lines();
    let expected: Vec<String> = targets.iter().map(|target| format!("GET {target} HTTP/1.1")).collect();
    // The first request is the harness's own look at the site.
    assert_eq!(sent[1..], expected);
}

#[test]
fn content_of_every_kind_is_sent_with_its_type() {
    let server = Server::start();
    let scenario = r#"
name: Contents
vars: { name: "O'Neil & Söhne" }
steps:
  - post: /a
    form: { name: "${name}", x: [1, 2] }
  - put: /b?x=1
    query: { y: "a b" }
    json: { name: "${name}", list: [1, true, null] }
  - post: /c
    basic_auth: { user: me, password: "p:w" }
    multipart: { note: "hi", file: { file: upload.bin } }
  - request: { method: PROPFIND, url: /d }
    headers: { Depth: "1", User-Agent: mine }
"#;
    let mut program = Program::new(&["--base-url", &server.origin, "x/contents.yaml"])
        .file("x/contents.yaml", scenario)
        .file("x/upload.bin", [0, 1, 2]);
    let answer = program.answer();
    assert!(answer.starts_with("exit: 0\n"), "{answer}");
    let heads: Vec<String> = server.heads.try_iter().skip(1).collect();
    let port = server.origin.rsplit(':').next().unwrap();
    let heads = heads.join("").replace(port, "[port]").replace("\r\n", "\n");
    insta::with_settings!({filters => vec![(r"edge-smoke/\d+\.\d+\.\d+", "edge-smoke/[version]")]}, {
        insta::assert_snapshot!(heads);
    });
}
