//! One line a failure, for what reads logs.
//!
//! GitHub turns workflow commands in a log into annotations of the file. Woodpecker has no such commands and shows lines
//! as they are, so there the form of compilers (`file:line:column: error: …`) serves: it can be searched for, and
//! terminals and editors make a link of it. The human report ends with what fits where it is read.

use std::collections::BTreeSet;

use verdict::evidence::Failure;
use verdict::rules::UNEXPLAINED;
use verdict::{Finding, Place, Severity};

use super::Report;
use super::text::{lines, one_line, shorten};

/// Cells that a value takes at most where a failure is told on one line.
const BRIEF: usize = 60;

/// `file:line:column: error: …`, one line a failure, each once.
pub(super) fn plain(report: &Report) -> String {
    let mut seen = BTreeSet::new();
    let mut text = String::new();
    for (_, failure) in failures(report) {
        let Failure { file, line, column, .. } = failure;
        let line = format!("{}:{line}:{column}: error: {}\n", one_line(file), brief(failure));
        if seen.insert(line.clone()) {
            text.push_str(&line);
        }
    }
    text
}

/// A failure on one line, long values cut in their middle.
fn brief(failure: &Failure) -> String {
    let notes = [("expected", &failure.expected), ("found", &failure.found)];
    let notes = notes.into_iter().filter_map(|(name, note)| Some((name, note.as_deref()?)));
    let notes: Vec<String> = notes.map(|(name, note)| format!("{name} {}", shorten(&one_line(note), BRIEF))).collect();
    let colon = if notes.is_empty() { "" } else { ": " };
    format!("{}{colon}{}", one_line(&failure.message), notes.join(", "))
}

/// GitHub's workflow commands: each failure at its place, each explained finding at the first place that shows it.
pub(super) fn github(report: &Report) -> String {
    let mut text = String::new();
    for (scenario, failure) in failures(report) {
        let Failure { file, line, column, .. } = failure;
        let place = Place { file: file.clone(), line: *line, column: *column };
        text.push_str(&command("error", Some(&place), scenario, &message(failure)));
    }
    for finding in report.findings.iter().filter(|finding| finding.code != UNEXPLAINED) {
        let command_name = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let place = finding.evidence.iter().find_map(|seen| seen.place.as_ref());
        let title = format!("{}: {}", finding.code, finding.title);
        text.push_str(&command(command_name, place, &title, &diagnosis(finding)));
    }
    text
}

fn failures(report: &Report) -> impl Iterator<Item = (&str, &Failure)> {
    report.scenarios.iter().flat_map(|journey| {
        journey.steps.iter().flat_map(|step| &step.failures).map(|failure| (journey.name.as_str(), failure))
    })
}

fn message(failure: &Failure) -> String {
    let mut text = failure.message.clone();
    let notes = [("expected", &failure.expected), ("found", &failure.found), ("help", &failure.help)];
    for (name, note) in notes {
        if let Some(note) = note {
            text.push_str(&format!("\n{name}: {note}"));
        }
    }
    text
}

fn diagnosis(finding: &Finding) -> String {
    let fix = finding.fix.as_ref().map(|fix| format!("\nfix: {}", fix.summary)).unwrap_or_default();
    format!("{}{fix}", finding.cause)
}

/// `::error file=…,line=…,col=…,title=…::message`, in the escaping of actions/toolkit (`core/src/command.ts`).
fn command(name: &str, place: Option<&Place>, title: &str, message: &str) -> String {
    let mut properties = Vec::new();
    if let Some(Place { file, line, column }) = place {
        properties.extend([
            format!("file={}", property(&one_line(file))),
            format!("line={line}"),
            format!("col={column}"),
        ]);
    }
    properties.push(format!("title={}", property(&one_line(title))));
    format!("::{name} {}::{}\n", properties.join(","), data(&lines(message)))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
