//! Fixes are tried on a stack that stands, and hold.

use std::process::Stdio;

use bollard::Docker;
use serde_json::Value;

use crate::helpers::{own, program};

const SCENARIOS: [&str; 4] =
    ["scenarios/ci-dashboard.yaml", "scenarios/ci-oauth.yaml", "scenarios/forge-login.yaml", "scenarios/staging.yaml"];

/// Runs the program with these faults. Gives its exit code and the report.
fn run(faults: &[&str]) -> (Option<i32>, Value) {
    run_with(faults, &SCENARIOS)
}

/// The same with these scenarios.
fn run_with(faults: &[&str], scenarios: &[&str]) -> (Option<i32>, Value) {
    let reports = tempfile::tempdir().unwrap();
    let faults = faults.iter().map(|name| format!("faults/{name}.yaml")).collect::<Vec<_>>();
    let mut arguments = vec!["run", "--stack", "containers", "--format", "json"];
    arguments.extend(faults.iter().flat_map(|file| ["--fault", file.as_str()]));
    arguments.extend(scenarios);
    let output = program(&arguments, &reports).stderr(Stdio::inherit()).output().unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

/// One is a service's setting and one the forge's record of an application: a container is made anew, and a secret handed over.
pub(crate) async fn two_faults_come_off_one_after_the_other(docker: Docker) {
    let (code, report) = run(&["ci-host-internal", "oauth-redirect-registered-without-prefix"]);
    let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["class"] != "note");
    let proofs: Vec<_> = findings.map(|finding| (finding["code"].as_str().unwrap(), &finding["proof"])).collect();
    assert!(proofs.iter().all(|(_, proof)| *proof == "verified"), "{proofs:?}\n{:#}", report["proof"]);
    assert_eq!((code, proofs.len()), (Some(1), 2), "{proofs:?}");
    let reason = report["reason"].as_str().unwrap();
    assert!(reason.contains("with both fixes applied all 4 scenarios pass"), "{reason}");
    assert_eq!(own(&docker).await, Vec::<String>::new());
}

/// A route of the edge: its file is another one, and it starts anew.
pub(crate) async fn a_route_is_put_right(docker: Docker) {
    let (code, report) = run(&["forge-edge-does-not-strip"]);
    let reason = report["reason"].as_str().unwrap();
    assert_eq!(code, Some(1), "{reason}");
    assert!(reason.contains("with the fix applied all 4 scenarios pass"), "{reason}\n{:#}", report["proof"]);
    assert_eq!(own(&docker).await, Vec::<String>::new());
}

/// A directive of Caddy's, wherever it stands in the text: three that cut connections are asked for, and one is there.
pub(crate) async fn a_directive_is_taken_out(docker: Docker) {
    let (code, report) = run_with(&["ws-edge-read-timeout"], &["scenarios/websocket-quiet.yaml"]);
    let reason = report["reason"].as_str().unwrap();
    assert_eq!(code, Some(1), "{reason}");
    assert!(reason.contains("with the fix applied the one scenario passes"), "{reason}\n{:#}", report["proof"]);
    let finding = report["findings"].as_array().unwrap().iter().find(|it| it["code"] == "websocket/cut").unwrap();
    assert_eq!(finding["proof"], "verified");
    let changes = finding["fix"]["changes"].as_array().unwrap();
    assert!(changes.iter().any(|change| change.to_string().contains("read_timeout")), "{changes:?}");
    assert_eq!(own(&docker).await, Vec::<String>::new());
}
