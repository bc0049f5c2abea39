//! Ctrl-C and SIGTERM end a run at once, with the exit code that shells know.

use std::process::{Command, Stdio};

use crate::program::{Program, shown};
use crate::server::Server;

fn interrupted_by(signal: &str) -> String {
    let server = Server::start();
    let mut program = Program::new(&["--base-url", &server.origin, "slow.yaml"])
        .file("slow.yaml", "name: Slow\nsteps:\n  - get: /never\n");
    let child = program.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The first request is the harness's look at the site, the second the journey's: it is under way now.
    let heads: Vec<String> = server.heads.iter().take(2).collect();
    assert!(heads[1].starts_with("GET /never "), "{heads:?}");
    let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    shown(&child.wait_with_output().unwrap())
}

#[test]
fn ctrl_c_is_130() {
    insta::assert_snapshot!(interrupted_by("-INT"));
}

#[test]
fn sigterm_is_130_too() {
    let answer = interrupted_by("-TERM");
    assert!(answer.starts_with("exit: 130\n"), "{answer}");
}
