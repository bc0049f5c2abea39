//! `edge-smoke pivot`: the plan that a report calls for, and what becomes of reports that call for none.

use std::sync::Mutex;

use edge_smoke::pivot::text;
use edge_smoke::report::Report;
use serde_json::{Value, json};

use crate::program::Program;
use crate::server::{Request, Server};

/// A report as the program writes it, on a stack with these services.
fn report(verdict: &str, kind: &str, base_url: &str, services: &[(&str, &str)]) -> Value {
    let services: Vec<Value> = services.iter().map(|(name, kind)| json!({ "name": name, "kind": kind })).collect();
    let cause = "The forge answers /user/login with a redirect to itself at the root, whatever its ROOT_URL is.";
    let findings = match verdict {
        "PASS" => json!([]),
        _ => json!([{
            "code": "app/redirect-loop", "class": "pivot", "severity": "error", "title": "The app redirects in a circle",
            "cause": cause, "fix": null, "proof": "verified", "scenarios": ["Sign in"], "evidence": [],
        }]),
    };
    let report = json!({
        "schema": 1,
        "tool": { "name": "edge-smoke", "version": "0.1.0" },
        "started": "2026-01-01T00:00:00Z",
        "duration_ms": 1.0,
        "stack": { "kind": kind, "mode": "subpath", "base_url": base_url, "services": services },
        "verdict": verdict,
        "reason": "A criterion for the fallback is met, and no fix under subpaths holds.",
        "findings": findings,
        "scenarios": [{
            "name": "Staging", "file": "staging.yaml", "tags": [], "outcome": "failed", "duration_ms": 1.0, "steps": [],
        }],
    });
    // It is one: what the program reads, it could have written.
    Report::from_json(&report.to_string()).unwrap();
    report
}

const REAL: &[(&str, &str)] =
    &[("edge", "image"), ("forge", "image"), ("ci", "image"), ("staging", "image"), ("echo", "double")];

fn real() -> Value {
    report("PIVOT", "containers", "http://edge.test:4000", REAL)
}

fn given(report: &Value, arguments: &[&str]) -> Program {
    Program::new(&[&["pivot", "report.json"], arguments].concat()).file("report.json", report.to_string())
}

#[test]
fn the_plan_of_a_stack_of_ours() {
    insta::assert_snapshot!(given(&real(), &[]).answer());
}

#[test]
fn the_plan_by_the_settings_of_the_site() {
    let site =
        report("PIVOT", "external", "https://project.example.com", &[("forge", "url"), ("ci", "url"), ("chat", "url")]);
    let env = "# ours\nEDGE_TUNNEL_FQDN=project.example.com\nFORWARD_AUTH_SECRET=0123456789abcdef0123456789abcdef\n\
               export ROOT_URL=https://project.example.com/forge/\nEDGE_ROUTING_MODE='subpath'\n\
               WOODPECKER_HOST=https://project.example.com/ci # old\nPOSTGRES_PASSWORD=hunter2";
    let answer = given(&site, &["--env-file", "site.env"]).file("site.env", env).answer();
    assert!(!answer.contains("hunter2") && !answer.contains("0123456789abcdef"), "{answer}");
    insta::assert_snapshot!(answer);
}

#[test]
fn a_report_that_calls_for_nothing_is_told_so() {
    let answers: Vec<String> = ["PASS", "FIX", "INCONCLUSIVE"]
        .iter()
        .flat_map(|verdict| {
            let report = report(verdict, "containers", "http://edge.test:4000", REAL);
            [
                given(&report, &[]).answer(),
                given(&report, &["--open-issue"]).answer(),
                given(&report, &["--apply"]).answer(),
            ]
        })
        .collect();
    insta::assert_snapshot!(answers.join("\n"));
}

#[test]
fn what_is_no_report_of_this_version_is_refused() {
    let mut other = real();
    other["schema"] = json!(2);
    let mut changed_over = real();
    changed_over["stack"]["mode"] = json!("subdomain");
    let mut nowhere = real();
    nowhere["stack"] = Value::Null;
    let mut odd = real();
    odd["stack"]["base_url"] = json!("nonsense");
    let mut answers = vec![Program::new(&["pivot"]).answer(), Program::new(&["pivot", "there/is/none.json"]).answer()];
    for text in ["", "not JSON", "{}", "{\"schema\": 1}"] {
        answers.push(Program::new(&["pivot", "report.json"]).file("report.json", text).answer());
    }
    for report in [&other, &changed_over, &nowhere, &odd] {
        answers.push(given(report, &[]).answer());
    }
    for env in ["EDGE_ROUTING_MODE=subdomain\n", "EDGE_ROUTING_MODE=sub\n", "nonsense\n"] {
        answers.push(given(&real(), &["--env-file", "site.env"]).file("site.env", env).answer());
    }
    answers.push(given(&real(), &["--env-file", "none.env"]).answer());
    insta::assert_snapshot!(answers.join("\n"));
}

#[test]
fn what_somebody_else_runs_is_not_changed() {
    let site = report("PIVOT", "external", "https://project.example.com", &[("forge", "url")]);
    let answer = given(&site, &["--apply"]).answer();
    assert!(answer.starts_with("exit: 64\n") && answer.contains("nothing is changed there"), "{answer}");
    // The plan is there all the same.
    assert!(answer.contains("a recommendation") && answer.contains("## The edge: Caddyfile"), "{answer}");
}

#[test]
fn a_stack_in_this_process_is_changed_over_and_its_scenarios_pass() {
    let scenario = std::fs::read(crate::program::shipped("staging.yaml")).unwrap();
    let report = report("PIVOT", "embedded", "http://edge.test:4000", &[("forge", "double"), ("staging", "double")]);
    let mut program = given(&report, &["--apply"]).file("staging.yaml", scenario);
    insta::assert_snapshot!(program.answer());
    let kept = Report::from_json(&program.left("reports/pivot/latest/report.json")).unwrap();
    assert_eq!(kept.stack.unwrap().mode, verdict::evidence::Mode::Subdomain);
}

#[test]
fn where_the_scenarios_fail_in_the_new_mode_it_goes_back() {
    let scenario = "name: Staging\nsteps:\n  - get: ${staging}/\n    expect: { status: 418 }\n";
    let report = report("PIVOT", "embedded", "http://edge.test:4000", &[("staging", "double")]);
    let answer = given(&report, &["--apply"]).file("staging.yaml", scenario).answer();
    assert!(answer.starts_with("exit: 1\n") && answer.contains("in the mode subdomain the verdict is FIX"), "{answer}");
    assert!(answer.contains("the stack is torn down"), "{answer}");
}

#[test]
fn scenarios_that_are_not_there_any_more_are_named_before_anything_is_changed() {
    let report = report("PIVOT", "embedded", "http://edge.test:4000", &[("staging", "double")]);
    let answer = given(&report, &["--apply"]).answer();
    assert!(answer.starts_with("exit: 64\n") && answer.contains("there is no file staging.yaml"), "{answer}");
}

/// A forge that has these issues open, and notes what it is sent.
fn forge(open: &[&str]) -> (Server, &'static Mutex<Vec<Request>>) {
    let noted: &'static Mutex<Vec<Request>> = Box::leak(Box::default());
    let open: Vec<Value> = open
        .iter()
        .map(|title| json!({ "title": title, "number": 7, "html_url": "https://forge.test/me/it/issues/7" }))
        .collect();
    let server = Server::answering(move |_| {
        move |request: &Request| {
            noted.lock().unwrap().push(request.clone());
            let is_first = request.target().ends_with("page=1");
            let (status, body) = match request.method() {
                "GET" => (200, if is_first { json!(open) } else { json!([]) }),
                _ => (201, json!({ "number": 8, "html_url": "https://forge.test/me/it/issues/8" })),
            };
            let body = body.to_string();
            Some(format!(
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ))
        }
    });
    (server, noted)
}

fn filing(report: &Value, origin: &str) -> Program {
    given(report, &["--open-issue"])
        .env("CI_FORGE_URL", &format!("{origin}/forge"))
        .env("CI_REPO", "me/it")
        .env("CI_FORGE_TYPE", "forgejo")
        .env("FORGE_TOKEN", "s3cr3t-token")
        .env("CI_PIPELINE_URL", "https://ci.test/repos/1/pipeline/2")
}

#[test]
fn an_issue_is_opened_once() {
    let (server, noted) = forge(&["Something else"]);
    let answer = filing(&real(), &server.origin).answer();
    assert!(answer.starts_with("exit: 0\n") && answer.contains("opened https://forge.test/me/it/issues/8"), "{answer}");
    let requests = noted.lock().unwrap().clone();
    let lines: Vec<String> =
        requests.iter().map(|request| format!("{} {}", request.method(), request.target())).collect();
    let list =
        |page: usize| format!("GET /forge/api/v1/repos/me/it/issues?state=open&type=issues&limit=50&page={page}");
    assert_eq!(lines, [list(1), list(2), "POST /forge/api/v1/repos/me/it/issues".to_owned()]);
    assert!(requests.iter().all(|request| request.header("authorization") == ["token s3cr3t-token"]));
    let sent: Value = serde_json::from_str(&requests[2].content).unwrap();
    let title = "Change over to one subdomain per service: app/redirect-loop";
    assert_eq!(sent["title"], title);
    let body = sent["body"].as_str().unwrap();
    assert!(body.contains("## The edge: Caddyfile") && body.contains("(https://ci.test/repos/1/pipeline/2)"), "{body}");

    let (server, noted) = forge(&["Something else", title]);
    let answer = filing(&real(), &server.origin).answer();
    assert!(
        answer.starts_with("exit: 0\n") && answer.contains("already: https://forge.test/me/it/issues/7"),
        "{answer}"
    );
    assert!(noted.lock().unwrap().iter().all(|request| request.method() == "GET"));
}

#[test]
fn a_report_on_doubles_files_nothing() {
    let (server, noted) = forge(&[]);
    for (kind, services) in [
        ("embedded", vec![("forge", "double")]),
        // Where Woodpecker's image can't be had, the CI's double takes its place among real programs.
        ("containers", vec![("forge", "image"), ("ci", "double")]),
    ] {
        let answer = filing(&report("PIVOT", kind, "http://edge.test:4000", &services), &server.origin).answer();
        assert!(answer.starts_with("exit: 0\n") && answer.contains("made on doubles"), "{answer}");
    }
    assert!(noted.lock().unwrap().is_empty());
}

#[test]
fn what_is_missing_or_refused_is_said_without_the_token() {
    let without = |name: &str| {
        let mut program = filing(&real(), "https://forge.test");
        program.command().env_remove(name);
        program.answer()
    };
    let refusing = Server::answering(|_| {
        |_: &Request| {
            let body = r#"{"message":"token s3cr3t-token does not have at least one of required scope(s)"}"#;
            Some(format!("HTTP/1.1 403 X\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
        }
    });
    let answers = [
        without("CI_FORGE_URL"),
        without("CI_REPO"),
        without("FORGE_TOKEN"),
        filing(&real(), "https://forge.test").env("CI_FORGE_TYPE", "github").answer(),
        filing(&real(), "https://forge.test").env("CI_REPO", "../x").answer(),
        filing(&real(), &refusing.origin).answer(),
    ];
    let text = answers.join("\n");
    assert!(!text.contains("s3cr3t"), "{text}");
    insta::assert_snapshot!(text);
}

/// The page says what the plan says: the same sentences.
#[test]
fn the_page_of_the_fallback_and_the_plan_agree() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let page =
        words(&std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/edge-routing-fallback.md")).unwrap());
    for sentence in text::NOTICED.iter().chain(text::BACK) {
        assert!(page.contains(&words(sentence)), "docs/edge-routing-fallback.md lacks: {sentence}");
    }
}
