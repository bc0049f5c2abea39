//! The fault campaign on the embedded stack, proofs included, and what of it is diagnosis.

use std::process::{Command, Stdio};
use std::time::Instant;

use super::line;

/// The faults that the limit is for.
const FAULTS: f64 = 45.0;

/// The whole catalogue; the yardstick is one fault by itself.
pub(crate) fn embedded() {
    let (wall, score) = campaign(&[]);
    let (one, _) = campaign(&["--filter", "ci-edge-strips-prefix"]);
    let rows = score["faults"].as_array().map(Vec::as_slice).unwrap_or_default();
    let tried = rows.iter().filter(|row| row["judged"].is_object()).count();
    let each = wall / f64::from(u32::try_from(tried).unwrap_or(u32::MAX));
    line(
        &format!("{tried} faults, embedded, proofs included (one of them)"),
        format!("{wall:.1} s"),
        format!("{one:.1} s"),
        wall / one,
        &format!("60 s for 45: {:.1} s at this pace", each * FAULTS),
    );
    let mut diagnoses: Vec<f64> =
        rows.iter().filter_map(|row| row["diagnosis_ms"].as_f64()).filter(|it| *it > 0.0).collect();
    diagnoses.sort_by(f64::total_cmp);
    let (median, worst) = match diagnoses.as_slice() {
        [] => (f64::NAN, f64::NAN),
        some => (some[some.len() / 2], some[some.len() - 1]),
    };
    line(
        "a diagnosis alone, the slowest (the median)",
        format!("{worst:.2} ms"),
        format!("{median:.2} ms"),
        worst / median,
        "10 ms",
    );
}

/// How many seconds it takes, and what is scored. A score that doesn't hold is a figure, too.
fn campaign(more: &[&str]) -> (f64, serde_json::Value) {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
    let started = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_edge-smoke"))
        .arg("faults")
        .args(more)
        .arg("--report-dir")
        .arg(folder.path())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("the program doesn't start: {error}"));
    assert!(matches!(status.code(), Some(0 | 1)), "the campaign ended with {status}");
    let wall = started.elapsed().as_secs_f64();
    let text = std::fs::read_to_string(folder.path().join("faults/score.json"))
        .unwrap_or_else(|error| panic!("no score: {error}"));
    (wall, serde_json::from_str(&text).unwrap_or_else(|error| panic!("no score: {error}")))
}
