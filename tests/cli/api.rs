//! Calls of APIs: whose they are, what goes along, and a page in the API's place.

use serde_json::Value;

use crate::program::{Program, filtered, shown};
use crate::server::{Request, Server};

const TOKEN: &str = "t0ken-of-the-ci-0123";

/// An API under `/api`: it knows one token, in any of its forms; its other paths are a dashboard's.
fn api(origin: &str) -> impl Fn(&Request) -> Option<String> + use<> {
    let origin = origin.to_owned();
    move |request| {
        let respond = |status: u16, fields: &str, content: &str| {
            Some(format!("HTTP/1.1 {status} Answer\r\nContent-Length: {}\r\n{fields}\r\n{content}", content.len()))
        };
        let json = |status: u16, content: &str| respond(status, "Content-Type: application/json\r\n", content);
        match request.path() {
            "/sign-in" => respond(200, "Content-Type: text/html\r\nSet-Cookie: s=session-0123; Path=/\r\n", "<p>Hello"),
            "/api/token" => respond(200, "Content-Type: text/plain\r\n", TOKEN),
            "/api/moved" => respond(302, &format!("Location: {origin}/api/user\r\n"), ""),
            "/api/cookie" => respond(204, "Set-Cookie: planted=1; Path=/\r\n", ""),
            "/api/made" => json(201, r#"{"name":"ci","sha1":"0123456789abcdef"}"#),
            "/api/things" | "/api/things/7" => match (request.method(), request.header("authorization").is_empty()) {
                (_, true) => respond(401, "", ""),
                ("POST", _) => json(201, r#"{"id": 7}"#),
                _ => respond(204, "", ""),
            },
            "/api/gone" => respond(404, "", ""),
            "/api/kept" => respond(500, "", ""),
            "/api/echo" => {
                let fields = ["accept", "authorization", "cookie", "x-csrf-token", "content-type"];
                let seen: Value = fields
                    .iter()
                    .map(|name| ((*name).to_owned(), Value::from(request.header(name).join("|").trim())))
                    .collect();
                json(200, &seen.to_string())
            }
            "/api/user" => match request.header("authorization").first().map(|value| value.trim()) {
                Some(value) if value == format!("Bearer {TOKEN}") => json(200, r#"{"login":"ada"}"#),
                _ => respond(401, "Content-Type: text/plain\r\n", "User not authorized"),
            },
            _ => respond(200, "Content-Type: text/html\r\n", "<!doctype html><title>Woodpecker</title><div id=app>"),
        }
    }
}

struct Called {
    lines: Vec<String>,
    exit: Option<i32>,
    answer: String,
    text: String,
}

fn call(steps: &str) -> Called {
    let server = Server::answering(api);
    let mut program = Program::new(&["--no-probe", "--base-url", &server.origin, "api.yaml"])
        .file("api.yaml", format!("name: Calls\nvars: {{ wrong: nobodys-token }}\nsteps:\n{steps}"));
    let output = program.output();
    let text = program.find("reports/latest/report.json").unwrap_or_default();
    let lines = server.lines().into_iter().filter(|line| line.contains("/api/")).collect();
    Called { lines, exit: output.status.code(), answer: shown(&output), text }
}

impl Called {
    fn passed(self) -> Self {
        assert_eq!(self.exit, Some(0), "{}", self.answer);
        self
    }

    fn errors(&self) -> String {
        assert_eq!(self.exit, Some(1), "{}", self.answer);
        let report: Value = serde_json::from_str(&self.text).unwrap();
        let steps = report["scenarios"][0]["steps"].as_array().unwrap();
        let failures = steps.iter().filter_map(|step| step["failures"].as_array()).flatten();
        let rendered: Vec<&str> = failures.map(|failure| failure["rendered"].as_str().unwrap().trim_end()).collect();
        filtered(&rendered.join("\n\n"))
    }
}

#[test]
fn a_call_carries_what_it_is_given_and_nothing_else() {
    call(
        r##"
  - get: /sign-in
  - api: /api/echo
    expect: { json: { $.accept: application/json, $.cookie: "", $.authorization: "", "$['x-csrf-token']": "" } }
  - api: GET /api/echo
    as: session
    expect: { json: { $.cookie: s=session-0123, $.authorization: "" } }
  - api: GET /api/echo
    as: { csrf: csrf-0123 }
    expect: { json: { $.cookie: s=session-0123, "$['x-csrf-token']": csrf-0123 } }
  - api: GET /api/echo
    as: { bearer: bearer-0123 }
    expect: { json: { $.cookie: "", $.authorization: Bearer bearer-0123 } }
  - api: GET /api/echo
    as: { token: token-0123 }
    expect: { json: { $.authorization: token token-0123 } }
  - api: GET /api/echo
    as: { basic: { user: ada, password: pass-0123 } }
    expect: { json: { $.authorization: Basic YWRhOnBhc3MtMDEyMw== } }
  - api: post /api/echo
    headers: { Accept: text/plain }
    json: { a: 1 }
    expect: { json: { $.accept: text/plain, "$['content-type']": application/json } }
  - api: GET /api/cookie
    expect: { status: 204, cookie: { planted: absent, s: exists } }
"##,
    )
    .passed();
}

#[test]
fn a_token_is_secret_also_where_nobody_says_so() {
    let called = call(
        r#"
  - api: POST /api/token
    capture: { ci_token: { body: true } }
  - api: GET /api/user
    as: { bearer: "${ci_token}" }
    expect: { status: 200, json: { $.login: ada } }
  - get: /api/user?token=${ci_token}
  - api: GET /api/user
    as: { bearer: literal-token-0123 }
    expect: { status: 401 }
  - api: POST /api/made
    expect: { status: 201 }
  - get: /api/echo
    headers: { X-Again: 0123456789abcdef, X-Literal: literal-token-0123 }
    expect: { status: 404 }
"#,
    );
    assert_eq!(called.exit, Some(1), "{}", called.answer);
    for secret in [TOKEN, "literal-token-0123", "0123456789abcdef"] {
        assert!(!called.text.contains(secret), "{secret} in {}", called.text);
        assert!(!called.answer.contains(secret), "{secret} in {}", called.answer);
    }
}

#[test]
fn a_token_is_secret_before_a_used_scenario_calls_it_one() {
    let server = Server::answering(api);
    let outer = "name: Outer\nsteps:\n  - api: POST /api/token\n    capture: { made: { body: true } }\n  \
                 - use: inner\n    with: { key: \"${made}\" }\n";
    let inner =
        "name: Inner\nvars: { whole: \"${key}\" }\nsteps:\n  - api: GET /api/user\n    as: { bearer: \"${whole}\" }\n";
    let mut program = Program::new(&["--base-url", &server.origin, "all/outer.yaml"])
        .file("all/outer.yaml", outer)
        .file("all/inner.yaml", inner);
    let answer = program.answer();
    assert!(answer.starts_with("exit: 0\n"), "{answer}");
    let report = program.left("reports/latest/report.json");
    assert!(!report.contains(TOKEN), "{report}");
}

#[test]
fn a_token_is_no_plain_variable() {
    let server = Server::answering(api);
    let scenario = "name: X\nsteps:\n  - api: GET /api/user\n    as: { bearer: \"${ci_token}\" }\n";
    let arguments = ["--base-url", &server.origin, "--var", "ci_token=hunter2-hunter2", "x.yaml"];
    let answer = Program::new(&arguments).file("x.yaml", scenario).answer();
    assert!(!answer.contains("hunter2"), "{answer}");
    insta::assert_snapshot!(answer);
}

#[test]
fn a_page_in_the_api_s_place_is_named() {
    insta::assert_snapshot!(call("  - api: GET /ci/user\n    expect: { status: 200 }\n").errors());
    // Also where another status was expected: the page says more.
    insta::assert_snapshot!(call("  - api: GET /ci/user\n    expect: { status: 401 }\n").errors());
    call("  - api: GET /ci/user\n    expect: { content_type: text/html }\n").passed();
}

#[test]
fn a_call_is_taken_back_however_the_journey_ends() {
    let made = "  - api: POST /api/things\n    as: { token: token-0123 }\n    undo: DELETE /api/things/${id}\n    \
                capture: { id: { json: $.id } }\n";
    let lines = ["POST /api/things", "GET /api/echo", "DELETE /api/things/7"];
    let called = call(&format!("{made}  - get: /api/echo\n")).passed();
    assert_eq!(called.lines, lines);
    let called = call(&format!("{made}  - get: /api/echo\n    expect: {{ status: 404 }}\n  - get: /api/user\n"));
    assert_eq!((called.exit, called.lines), (Some(1), lines.map(str::to_owned).to_vec()));
    // Of a call that never told its id there is nothing to take back.
    let called = call(&made.replace("POST /api/things", "POST /api/gone"));
    assert_eq!(called.lines, ["POST /api/gone"]);
}

#[test]
fn a_call_that_can_not_be_taken_back_is_a_failure() {
    let step =
        |undo: &str| format!("  - api: POST /api/things\n    as: {{ token: token-0123 }}\n    undo: DELETE {undo}\n");
    call(&step("/api/gone")).passed();
    insta::assert_snapshot!(call(&step("/api/kept")).errors());
}

#[test]
fn redirects_are_answers() {
    call("  - api: GET /api/moved\n    as: { bearer: \"${wrong}\" }\n    expect: { status: 302, hops: 0 }\n").passed();
    insta::assert_snapshot!(call("  - api: GET /api/moved\n    expect: { status: 200 }\n").errors());
}

#[test]
fn a_call_without_credentials_is_turned_away() {
    insta::assert_snapshot!(call("  - api: GET /api/user\n    expect: { json: { $.login: ada } }\n").errors());
}
