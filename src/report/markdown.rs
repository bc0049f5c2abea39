//! `summary.md`: for a job's summary or a comment (GitHub Flavored Markdown).

use verdict::changes::Changes;
use verdict::evidence::{Journey, Outcome, StackFacts, StackKind};
use verdict::{Attempt, Class, Finding, Proof};

use super::Report;
use super::junit::details;
use super::text::{count, duration, lines, one_line};

/// The report as Markdown.
pub(super) fn markdown(report: &Report) -> String {
    let mut text = format!("# edge-smoke: {}\n\n{}\n\n", report.verdict.as_str(), escape(&report.reason));
    text.push_str(&stack(report.stack.as_ref()));
    if !report.findings.is_empty() {
        text.push_str("## Findings\n\n");
        for finding in &report.findings {
            text.push_str(&self::finding(finding));
        }
    }
    if let Some(changes) = report.changes.as_ref().filter(|changes| !changes.scenarios.is_empty()) {
        text.push_str(&changed(changes));
    }
    if !report.proof.is_empty() {
        text.push_str("## Fixes that were tried\n\n| | Finding | Fix | Seen | Time |\n|---|---|---|---|---:|\n");
        report.proof.iter().for_each(|attempt| text.push_str(&self::attempt(attempt)));
        text.push('\n');
    }
    text.push_str(&table(report));
    for journey in report.scenarios.iter().filter(|journey| is_bad(journey)) {
        text.push_str(&block(journey));
    }
    text
}

fn is_bad(journey: &Journey) -> bool {
    matches!(journey.outcome, Outcome::Failed | Outcome::Errored)
}

fn stack(stack: Option<&StackFacts>) -> String {
    let Some(StackFacts { kind, mode, base_url, services }) = stack else {
        return "No stack stood.\n\n".to_owned();
    };
    let doubles = match kind {
        StackKind::Embedded => " **These are doubles: nothing here speaks for the real programs.**",
        StackKind::Containers | StackKind::External => "",
    };
    let mut text = format!("Stack {}, mode {}, {}.{doubles}\n\n", kind.as_str(), mode.as_str(), escape(base_url));
    for service in services {
        let parts = [Some(service.kind.as_str()), service.image.as_deref(), service.version.as_deref()];
        let parts: Vec<String> = parts.into_iter().flatten().map(escape).collect();
        text.push_str(&format!("- {}: {}\n", escape(&service.name), parts.join(" ")));
    }
    if !services.is_empty() {
        text.push('\n');
    }
    text
}

fn finding(finding: &Finding) -> String {
    let Finding { code, class, title, cause, fix, proof, scenarios, .. } = finding;
    let mut text = format!("### {}: {}\n\n{}\n\n", escape(code), escape(title), escape(cause));
    text.push_str(&format!("- Class: {}\n", class.as_str()));
    match fix {
        Some(fix) => {
            text.push_str(&format!("- Fix ({}): {}\n", proof.as_str(), escape(&fix.summary)));
            for line in &fix.lines {
                text.push_str(&format!("  - {}: {}\n", escape(&line.file), escape(&line.text)));
            }
        }
        None if *class == Class::Fixable => text.push_str("- Fix: no rule knows one\n"),
        None => {}
    }
    if !scenarios.is_empty() {
        text.push_str(&format!("- In: {}\n", escape(&scenarios.join(", "))));
    }
    let quotes: Vec<String> = finding.evidence.iter().flat_map(|seen| &seen.quote).map(|line| one_line(line)).collect();
    if !quotes.is_empty() {
        text.push_str(&format!("\n{}", fenced(&quotes.join("\n"))));
    }
    text.push('\n');
    text
}

/// Each scenario's first differing hop.
fn changed(changes: &Changes) -> String {
    let mut text = format!("## What changed\n\nCompared: {}.\n\n", escape(&super::changes::heading(changes)));
    for change in &changes.scenarios {
        text.push_str(&format!("- {}\n", escape(&super::changes::place(change))));
        for difference in super::changes::differences(change) {
            text.push_str(&format!("  - {}\n", escape(&difference)));
        }
    }
    text.push('\n');
    text
}

fn attempt(attempt: &Attempt) -> String {
    let Attempt { code, summary, outcome, seen, duration_ms, .. } = attempt;
    let outcome = match outcome {
        Proof::Verified => "✅ verified",
        Proof::Refuted => "❌ refuted",
        Proof::Untried => "➖ not proved",
    };
    let (code, summary, seen, time) = (escape(code), escape(summary), escape(seen), duration(*duration_ms));
    format!("| {outcome} | {code} | {summary} | {seen} | {time} |\n")
}

fn table(report: &Report) -> String {
    if report.scenarios.is_empty() {
        return "No scenarios.\n".to_owned();
    }
    let mut text = "## Scenarios\n\n| | Scenario | File | Steps | Time |\n|---|---|---|---:|---:|\n".to_owned();
    for journey in &report.scenarios {
        let outcome = match journey.outcome {
            Outcome::Passed => "✅ passed",
            Outcome::Failed => "❌ failed",
            Outcome::Skipped => "➖ skipped",
            Outcome::Errored => "⚠️ errored",
        };
        let reason = journey.reason.as_deref().map(|reason| format!(": {}", escape(reason))).unwrap_or_default();
        let (name, file) = (escape(&journey.name), escape(&journey.file));
        let (steps, time) = (journey.steps_taken(), duration(journey.duration_ms));
        text.push_str(&format!("| {outcome}{reason} | {name} | {file} | {steps} | {time} |\n"));
    }
    text.push('\n');
    text
}

fn block(journey: &Journey) -> String {
    let failures = journey.steps.iter().map(|step| step.failures.len()).sum();
    let what = if failures == 0 { "no details".to_owned() } else { count(failures, "failure") };
    let details = details(journey);
    let summary = html(&one_line(&format!("{}: {what}", journey.name)));
    format!("<details><summary>{summary}</summary>\n\n{}\n</details>\n\n", fenced(&details))
}

/// Text as it stands, inside a fence longer than any run of backticks in it.
fn fenced(text: &str) -> String {
    fenced_as("text", text)
}

/// Text of a language as it stands.
pub(crate) fn fenced_as(language: &str, text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    // Tabs mean something in what is quoted, and disturb nothing.
    let text = text.split('\t').map(lines).collect::<Vec<_>>().join("\t");
    format!("{fence}{language}\n{text}\n{fence}\n")
}

/// Text on one line in which nothing is markup, a mention or a cell's end.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in one_line(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(character);
            }
            character => out.push(character),
        }
    }
    out
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "&#64;")
}
