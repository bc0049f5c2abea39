//! The end: for logs the failures once more, and the verdict.

use std::path::Path;

use verdict::Verdict;
use verdict::evidence::Outcome;

use super::super::style::{Annotations, Paint, Style};
use super::super::text::{duration, one_line, wrap};
use super::super::{Report, WriteError, annotations};
use super::LABEL;

/// What it came to, and where the report is.
pub(super) fn ending(report: &Report, written: Result<&Path, &WriteError>, style: Style) -> String {
    let mut text = String::new();
    if style.annotations == Annotations::Lines {
        let places = annotations::plain(report);
        text.push_str(&places);
        text.push_str(if places.is_empty() { "" } else { "\n" });
    }
    text.push_str(&labelled("ran", Paint::Strong, &tally(report), style));
    let paint = match report.verdict {
        Verdict::Pass => Paint::Good,
        Verdict::Fix | Verdict::Pivot => Paint::Bad,
        Verdict::Inconclusive => Paint::Odd,
    };
    let word = style.paint(paint, report.verdict.as_str());
    let label = style.paint(Paint::Strong, "verdict");
    text.push_str(&format!("{label} {word}, exit code {}\n", report.verdict.exit_code()));
    text.push_str(&labelled("", Paint::Strong, &one_line(&report.reason), style));
    if let [first, others @ ..] = report.findings.as_slice() {
        let same = others.iter().all(|finding| finding.code == first.code);
        let code = if same { first.code.as_str() } else { "CODE" };
        text.push_str(&labelled("explain", Paint::Strong, &one_line(&format!("edge-smoke explain {code}")), style));
    }
    if let (Verdict::Pivot, Ok(path)) = (report.verdict, written) {
        let next = format!("edge-smoke pivot {}", one_line(&path.display().to_string()));
        text.push_str(&labelled("next", Paint::Strong, &next, style));
    }
    match written {
        Ok(path) => text.push_str(&labelled("report", Paint::Strong, &one_line(&path.display().to_string()), style)),
        Err(error) => text.push_str(&labelled("report", Paint::Bad, &one_line(&error.to_string()), style)),
    }
    text
}

/// `3 scenarios in 1.24 s: 1 passed, 2 failed`.
fn tally(report: &Report) -> String {
    let total = super::super::text::count(report.scenarios.len(), "scenario");
    let words = [
        (Outcome::Passed, "passed"),
        (Outcome::Failed, "failed"),
        (Outcome::Errored, "errored"),
        (Outcome::Skipped, "skipped"),
    ];
    let parts: Vec<String> = words
        .iter()
        .map(|(outcome, word)| (report.scenarios.iter().filter(|journey| journey.outcome == *outcome).count(), word))
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    let outcomes = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    format!("{total} in {}{outcomes}", duration(report.duration_ms))
}

/// A label in its column, and a clean text beside it, wrapped.
pub(super) fn labelled(label: &str, paint: Paint, content: &str, style: Style) -> String {
    let mut text = String::new();
    for (index, line) in wrap(content, style.measure().saturating_sub(LABEL)).iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        let padding = " ".repeat(LABEL.saturating_sub(label.len()));
        text.push_str(&format!("{}{padding}{line}\n", style.paint(paint, label)));
    }
    text
}
