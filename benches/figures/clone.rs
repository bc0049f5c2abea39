//! What a newcomer waits for: a fresh clone, the crates downloaded, to the first verdict.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::line;

/// `cargo run -- scenarios/forge-login.yaml` in a fresh clone with an empty target folder; beside it the same again, with
/// everything built.
pub(crate) fn first_verdict() {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
    let clone = folder.path().join("clone");
    let cloned = Command::new("git")
        .args(["clone", "--quiet", env!("CARGO_MANIFEST_DIR")])
        .arg(&clone)
        .status()
        .unwrap_or_else(|error| panic!("git doesn't start: {error}"));
    assert!(cloned.success(), "the clone failed");
    let first = verdict(&clone, folder.path());
    let again = verdict(&clone, folder.path());
    line(
        "fresh clone to the first verdict (the same again)",
        format!("{:.0} s", first.as_secs_f64()),
        format!("{:.1} s", again.as_secs_f64()),
        first.as_secs_f64() / again.as_secs_f64(),
        "180 s",
    );
}

fn verdict(clone: &Path, folder: &Path) -> Duration {
    let started = Instant::now();
    let status = Command::new("cargo")
        .args(["run", "--quiet", "--offline", "--", "scenarios/forge-login.yaml", "--stack", "embedded"])
        .current_dir(clone)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        // The bench runs under cargo, whose own settings are not a newcomer's.
        .env_remove("CARGO_MANIFEST_DIR")
        .stdout(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("cargo doesn't start: {error}"));
    assert!(status.success(), "the first verdict is not PASS: {status}");
    started.elapsed()
}
