//! The program as a process of its own: how long it takes, and how much memory.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A call of the program, measured.
pub(crate) struct Run {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// The most memory that it held at once (`VmHWM`).
    pub(crate) peak_megabytes: f64,
    folder: TempDir,
}

impl Run {
    /// The fastest of several calls: what the program takes when nothing else is in the way.
    pub(crate) fn best_of(times: usize, arguments: &[&str]) -> Self {
        (0..times)
            .map(|_| Self::once(arguments))
            .min_by_key(|run| run.wall)
            .unwrap_or_else(|| panic!("measured {times} times"))
    }

    /// One call.
    pub(crate) fn once(arguments: &[&str]) -> Self {
        Self::with_environment(arguments, &[])
    }

    /// One call, with these variables besides those that are there.
    pub(crate) fn with_environment(arguments: &[&str], environment: &[(String, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let started = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_edge-smoke"))
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("the program doesn't start: {error}"));
        let status_file = format!("/proc/{}/status", child.id());
        let mut peak_kilobytes = 0.0_f64;
        let status = loop {
            // The mark only rises, so the last look before the end is the one that counts.
            if let Ok(text) = std::fs::read_to_string(&status_file) {
                peak_kilobytes = peak_kilobytes.max(high_water_mark(&text));
            }
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => std::thread::sleep(Duration::from_micros(500)),
                Err(error) => panic!("the program is lost: {error}"),
            }
        };
        let wall = started.elapsed();
        assert!(status.success(), "{arguments:?} ended with {status}");
        Self { wall, peak_megabytes: peak_kilobytes / 1024.0, folder }
    }

    /// The report that it left.
    pub(crate) fn report(&self) -> serde_json::Value {
        let path = self.folder.path().join("reports/latest/report.json");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

fn high_water_mark(status: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
