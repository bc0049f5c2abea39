//! The scripts that run edge-smoke.

use edge_smoke::report::Report;
use serde_json::json;

use crate::forge::Forge;
use crate::script::Script;

/// A report as the program writes it.
fn report(verdict: &str, kind: &str, services: &[&str], reason: &str) -> String {
    let services: Vec<_> = services.iter().map(|kind| json!({ "name": "ci", "kind": kind })).collect();
    let stack = json!({ "kind": kind, "mode": "subpath", "base_url": "http://edge.test:4000", "services": services });
    let report = json!({
        "schema": 1,
        "tool": { "name": "edge-smoke", "version": "0.1.0" },
        "started": "2026-01-01T00:00:00Z",
        "duration_ms": 1.0,
        "stack": stack,
        "verdict": verdict,
        "reason": reason,
        "findings": [],
        "scenarios": [],
    });
    Report::from_json(&report.to_string()).expect("a report").to_json().expect("JSON")
}

/// The script, with a stand-in for the program that ends with this code.
fn pivot(report: &str, code: i32) -> (Option<i32>, String, Option<Vec<String>>) {
    let mut script = Script::new("pivot")
        .file("reports/latest/report.json", report)
        .program("program", "", code)
        .env("EDGE_SMOKE", "./program");
    let answer = script.run();
    (answer.code, answer.text, script.arguments())
}

/// The script with the program itself, and a forge that turns everybody away.
fn pivot_for_real(report: &str) -> (Option<i32>, String, usize) {
    let forge = Forge::answering("401 Unauthorized");
    let answer = Script::new("pivot")
        .file("reports/latest/report.json", report)
        .env("EDGE_SMOKE", env!("CARGO_BIN_EXE_edge-smoke"))
        .env("FORGE_TOKEN", "s3cr3t")
        .env("CI_FORGE_URL", &forge.url)
        .env("CI_FORGE_TYPE", "forgejo")
        .env("CI_REPO", "me/it")
        .run();
    assert!(!answer.text.contains("s3cr3t"), "{}", answer.text);
    (answer.code, answer.text, forge.requests().len())
}

#[test]
fn a_pivot_on_the_real_programs_opens_an_issue_and_nothing_more() {
    for (kind, services) in [("containers", ["image", "image"]), ("external", ["url", "url"])] {
        let report = report("PIVOT", kind, &services, "A reason.");
        let (code, text, arguments) = pivot(&report, 0);
        assert_eq!(code, Some(0), "{text}");
        assert_eq!(arguments.expect("it was run"), ["pivot", "reports/latest/report.json", "--open-issue"]);
        let (code, text, calls) = pivot_for_real(&report);
        assert_eq!((code, calls), (Some(3), 1), "{text}");
        assert!(text.contains("the forge answered 401"), "{text}");
    }
}

#[test]
fn the_code_of_the_program_is_that_of_the_step() {
    let report = report("PIVOT", "containers", &["image"], "A reason.");
    assert_eq!(pivot(&report, 7).0, Some(7));
}

#[test]
fn a_report_made_on_doubles_triggers_nothing() {
    let on = [
        ("embedded", vec!["double", "double"]),
        ("embedded", vec![]),
        // Where Woodpecker's image can't be had, the CI's double takes its place among real programs.
        ("containers", vec!["image", "image", "double"]),
        ("containers", vec!["double", "image"]),
    ];
    for (kind, services) in on {
        let (code, text, calls) = pivot_for_real(&report("PIVOT", kind, &services, "A reason."));
        assert_eq!((code, calls), (Some(0), 0), "{text}");
        assert!(text.contains("made on doubles"), "{text}");
    }
}

#[test]
fn no_other_verdict_triggers_anything() {
    for verdict in ["PASS", "FIX", "INCONCLUSIVE"] {
        // A text can't pass for the field, whatever it quotes.
        let quoted = "It said:\n  \"verdict\": \"PIVOT\",\n";
        let (code, text, calls) = pivot_for_real(&report(verdict, "containers", &["image"], quoted));
        assert_eq!((code, calls), (Some(0), 0), "{text}");
        assert!(text.contains("no pivot is called for"), "{text}");
    }
}

#[test]
fn without_a_report_the_step_says_so_and_ends_well_and_a_broken_one_is_no_report() {
    let (code, text, arguments) = pivot("", 1);
    assert_eq!((code, arguments), (Some(0), None), "{text}");
    let answer = Script::new("pivot").run();
    assert_eq!(answer.code, Some(0), "{}", answer.text);
    for report in ["{\"verdict\": \"PIVOT\"}", "not JSON"] {
        let (code, text, calls) = pivot_for_real(report);
        assert_eq!((code, calls), (Some(64), 0), "{text}");
    }
}

#[test]
fn a_preview_is_run_with_its_secret_in_the_environment_alone() {
    let mut script = Script::new("preview")
        .program("program", "", 2)
        .env("EDGE_SMOKE", "./program")
        .env("EDGE_SMOKE_BASE_URL", "https://pr-7.example.org")
        .env("EDGE_SMOKE_USER", "me & you")
        .env("PASSWORD", "hunter2 $x");
    let answer = script.run();
    assert_eq!(answer.code, Some(2), "the verdict is the step's: {}", answer.text);
    let arguments = script.arguments().expect("it was run").join("\n");
    assert!(
        arguments.starts_with("run\nscenarios\n--stack\nexternal\n--base-url\nhttps://pr-7.example.org\n"),
        "{arguments}"
    );
    assert!(arguments.contains("--var\nuser=me & you\n--secret\npassword\n"), "{arguments}");
    assert!(!arguments.contains("hunter2") && !arguments.contains("--allow-writes"), "{arguments}");
}

#[test]
fn a_preview_lacks_nothing_unsaid() {
    let variables =
        [("EDGE_SMOKE_BASE_URL", "https://example.org"), ("EDGE_SMOKE_USER", "me"), ("PASSWORD", "correct horse")];
    for missing in variables {
        let script = Script::new("preview").program("program", "", 0).env("EDGE_SMOKE", "./program");
        let given = variables.into_iter().filter(|variable| *variable != missing);
        let mut script = given.fold(script, |script, (name, value)| script.env(name, value));
        let answer = script.run();
        assert_ne!(answer.code, Some(0));
        assert!(answer.text.contains(missing.0) && !answer.text.contains("correct horse"), "{}", answer.text);
        assert_eq!(script.arguments(), None);
    }
}

#[test]
fn containers_are_run_beside_the_step_and_their_code_is_the_steps() {
    let mut script = Script::new("containers")
        .program("docker", "", 3)
        .own_programs_first()
        .file("hostname", "0123456789ab\n")
        .env("HOSTNAME_FILE", "hostname")
        .env("RUN_IN", "rust:1-bookworm");
    let answer = script.run();
    assert_eq!(answer.code, Some(3), "{}", answer.text);
    let arguments = script.arguments().expect("it was run").join(" ");
    assert!(
        arguments.starts_with("run --rm --network host --pid host --volumes-from 0123456789ab --workdir /"),
        "{arguments}"
    );
    assert!(
        arguments.ends_with(
            "rust:1-bookworm target/release/edge-smoke run scenarios --stack containers --report-dir reports"
        ),
        "{arguments}"
    );
}
