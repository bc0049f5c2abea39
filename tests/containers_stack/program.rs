//! The program on containers, as its users meet it: a fault that is located, and signals that leave nothing behind.

use std::process::{Command, Stdio};
use std::time::Duration;

use bollard::Docker;
use edge_smoke::stack::containers;
use edge_smoke::stack::containers::owner::{OWNER_LABEL, Owner};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::helpers::{labelled, program};

/// Every test here ends within this, or fails.
const LIMIT: Duration = Duration::from_secs(120);

pub(crate) async fn a_root_url_that_loses_its_prefix_is_located(docker: Docker) {
    let reports = tempfile::tempdir().unwrap();
    let setting = "forge:GITEA__server__ROOT_URL=http://forge:3000/";
    let arguments = ["scenarios/forge-login.yaml", "--stack", "containers", "--set", setting];
    let child = program(&arguments, &reports).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let owner = owner(child.id());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    // The expectation that names the lost prefix, at its place in the file.
    assert!(said.contains("error: the URL of a hop is not what was expected"), "{said}");
    assert!(said.contains("--> scenarios/forge-login.yaml:"), "{said}");
    assert!(said.contains("every_hop: { under: \"${forge}\" }"), "{said}");
    assert!(said.contains("Location: /user/login"), "{said}");
    assert!(said.contains("log of "), "no log of the service in question: {said}");
    assert_eq!(labelled(&docker, &format!("{OWNER_LABEL}={owner}")).await, Vec::<String>::new());
}

pub(crate) async fn ctrl_c_while_it_comes_up_leaves_nothing(docker: Docker) {
    interrupted(&docker, "-INT", "starting forge").await;
}

pub(crate) async fn sigterm_while_journeys_run_leaves_nothing(docker: Docker) {
    interrupted(&docker, "-TERM", "run ").await;
}

/// The fix is being applied, or its scenarios run again: a stack that was to be kept isn't left half changed.
pub(crate) async fn ctrl_c_while_a_fix_is_tried_leaves_nothing(docker: Docker) {
    for keep in [&[][..], &["--keep"]] {
        let folder = tempfile::tempdir().unwrap();
        let fault = ["scenarios/staging.yaml", "--stack", "containers", "--fault", "faults/staging-no-strip.yaml"];
        interrupted_at(&docker, &folder, &[&fault, keep].concat(), "-INT", "trying").await;
    }
}

/// What a process that runs labels its containers with.
fn owner(process: u32) -> Owner {
    Owner { process, started: containers::owner::start_of(process).unwrap(), ..Owner::current().unwrap() }
}

/// Sends the signal as soon as the program has said `moment`.
async fn interrupted(docker: &Docker, signal: &str, moment: &str) {
    let folder = tempfile::tempdir().unwrap();
    // It waits for what never comes: the journey runs until it is told to stop.
    let endless = folder.path().join("endless.yaml");
    let text = "name: Endless\nwhen: { service: forge }\nsteps:\n  - get: ${forge}/\n    expect: { status: 418 }\n    \
                retry: { within: 10m }\n    timeout: 10m\ntimeout: 10m\n";
    std::fs::write(&endless, text).unwrap();
    let arguments = [endless.to_str().unwrap(), "--stack", "containers"];
    interrupted_at(docker, &folder, &arguments, signal, moment).await;
}

/// The same of the program with these arguments.
async fn interrupted_at(docker: &Docker, folder: &tempfile::TempDir, arguments: &[&str], signal: &str, moment: &str) {
    let mut command = tokio::process::Command::from(program(arguments, folder));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let process = child.id().unwrap();
    let owner = owner(process);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ended = async {
        loop {
            let line = lines.next_line().await.unwrap().unwrap_or_else(|| panic!("it ended before `{moment}`"));
            if line.contains(moment) {
                break;
            }
        }
        let sent = Command::new("kill").args([signal, &process.to_string()]).status().unwrap();
        assert!(sent.success());
        // Read on, or it could wait for us.
        while lines.next_line().await.unwrap().is_some() {}
        child.wait_with_output().await.unwrap()
    };
    let output = tokio::time::timeout(LIMIT, ended).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted"), "{said}");
    assert_eq!(labelled(docker, &format!("{OWNER_LABEL}={owner}")).await, Vec::<String>::new());
}
