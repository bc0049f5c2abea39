//! The fallback, carried out on a stack that a run of the program left standing.

use std::path::Path;
use std::process::{Output, Stdio};

use bollard::Docker;
use edge_smoke::report::Report;
use edge_smoke::stack::containers::owner::RUN_LABEL;
use edge_smoke::stack::containers::{Kept, kept};
use edge_smoke::stack::{Stack, StackOptions};
use scenario::model::{Mode, Service};
use verdict::{Class, Finding, Proof, Severity, Verdict};

use crate::helpers::{inside, labelled, program};

fn run(arguments: &[&str], reports: &tempfile::TempDir) -> Output {
    program(arguments, reports).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The report of the last run, as if it had come to PIVOT: whether it does is somebody else's to judge.
fn calling_for_it(reports: &Path) -> std::path::PathBuf {
    let read = std::fs::read_to_string(reports.join("latest/report.json")).unwrap();
    let mut report = Report::from_json(&read).unwrap();
    report.verdict = Verdict::Pivot;
    report.findings = vec![Finding {
        code: "app/redirect-loop".to_owned(),
        class: Class::Pivot,
        severity: Severity::Error,
        title: "The app redirects in a circle".to_owned(),
        cause: "It does.".to_owned(),
        fix: None,
        proof: Proof::Verified,
        scenarios: Vec::new(),
        evidence: Vec::new(),
    }];
    let path = reports.join("pivot.json");
    std::fs::write(&path, report.to_json().unwrap()).unwrap();
    path
}

async fn found(base_url: &str) -> Kept {
    kept(base_url).await.unwrap().expect("a kept stack")
}

/// Removes it: nothing of its run is left.
async fn removed(docker: &Docker, kept: Kept) {
    let options = kept.options();
    let stack = kept.stack(options).unwrap();
    stack.remove().await.unwrap();
    assert_eq!(labelled(docker, &format!("{RUN_LABEL}={}", stack.run_id())).await, Vec::<String>::new());
}

pub(crate) async fn a_kept_stack_is_changed_over_and_put_back_where_the_scenarios_fail(docker: Docker) {
    let reports = tempfile::tempdir().unwrap();
    let wrong = "forge:GITEA__server__ROOT_URL=http://forge:3000/";
    let ran = run(
        &["scenarios/forge-login.yaml", "scenarios/ci-oauth.yaml", "--stack", "containers", "--keep", "--set", wrong],
        &reports,
    );
    assert_ne!(ran.status.code(), Some(0), "{}", text(&ran));
    let report = calling_for_it(reports.path());
    let report = report.to_str().unwrap();
    let base_url = Report::from_json(&std::fs::read_to_string(report).unwrap()).unwrap().stack.unwrap().base_url;

    // A scenario that fails in any mode: everything goes back, the wrong setting included.
    let never = reports.path().join("never.yaml");
    std::fs::write(&never, "name: Never\nsteps:\n  - get: ${forge}/\n    expect: { status: 418 }\n").unwrap();
    let mut failing = Report::from_json(&std::fs::read_to_string(report).unwrap()).unwrap();
    failing.scenarios.truncate(1);
    failing.scenarios[0].file = never.to_str().unwrap().to_owned();
    let failing_path = reports.path().join("failing.json");
    std::fs::write(&failing_path, failing.to_json().unwrap()).unwrap();
    let went_back = run(&["pivot", failing_path.to_str().unwrap(), "--apply"], &reports);
    let said = text(&went_back);
    assert_eq!(went_back.status.code(), Some(1), "{said}");
    assert!(said.contains("left standing at") && said.contains("the stack is as it was"), "{said}");
    let options = found(&base_url).await.options();
    assert_eq!((options.mode, options.keep), (Mode::Subpath, true));
    let stack = found(&base_url).await.stack(StackOptions { ..options }).unwrap();
    assert_eq!(stack.site().base_url, base_url);
    let wrong_still = inside(&docker, stack.run_id(), "forge", "printenv GITEA__server__ROOT_URL").await;
    assert_eq!(wrong_still.trim(), "http://forge:3000/");

    // Twice: the second time it has been carried out already, and is verified.
    for _ in 0..2 {
        let applied = run(&["pivot", report, "--apply"], &reports);
        let said = text(&applied);
        assert_eq!(applied.status.code(), Some(0), "{said}");
        assert!(said.contains("the stack that a run left standing"), "{said}");
        assert!(said.contains("the fallback is carried out") && said.contains("http://forge.edge.test:"), "{said}");
        let kept = found(&base_url).await;
        assert!(kept.injected().changed_over && kept.options().mode == Mode::Subdomain);
        let stack = kept.stack(StackOptions::new(Mode::Subdomain)).unwrap();
        assert!(stack.site().services[&Service::Forge].starts_with("http://forge.edge.test:"));
        assert_eq!(stack.troubles().await, []);
    }
    removed(&docker, found(&base_url).await).await;
}

pub(crate) async fn where_no_stack_is_left_standing_one_is_stood_up_and_left(docker: Docker) {
    let reports = tempfile::tempdir().unwrap();
    let ran = run(&["scenarios/forge-login.yaml", "--stack", "containers"], &reports);
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran));
    let report = calling_for_it(reports.path());
    let applied = run(&["pivot", report.to_str().unwrap(), "--apply"], &reports);
    let said = text(&applied);
    assert_eq!(applied.status.code(), Some(0), "{said}");
    assert!(said.contains("no stack is left standing at"), "{said}");
    let written = std::fs::read_to_string(reports.path().join("pivot/latest/report.json")).unwrap();
    let base_url = Report::from_json(&written).unwrap().stack.unwrap().base_url;
    removed(&docker, found(&base_url).await).await;
}
