//! What was diagnosed.

use verdict::rules::UNEXPLAINED;
use verdict::{Class, Finding, Observation, Severity};

use super::super::style::{Paint, Style};
use super::super::text::{one_line, wrap};
use super::LABEL;

/// The most observations that are shown; the report has them all.
const SHOWN: usize = 5;
/// Cells of the column that names a part of a finding.
const PART: usize = 8;

/// A finding: what it is, why that is known, and what to do.
pub(super) fn finding(finding: &Finding, style: Style) -> String {
    let paint = match (finding.class, finding.severity) {
        (Class::Infrastructure, _) | (_, Severity::Warning) => Paint::Odd,
        (Class::Note, _) | (_, Severity::Note) => Paint::Strong,
        (Class::Security | Class::Pivot | Class::Fixable, Severity::Error) => Paint::Bad,
    };
    let title = format!("{} ({}): {}", one_line(&finding.code), finding.class.as_str(), one_line(&finding.title));
    let mut text = format!("{:<LABEL$}{}\n", "finding", style.paint(paint, &title));
    let mut part = |name: &str, content: &str| {
        for (index, line) in wrap(&one_line(content), style.measure().saturating_sub(LABEL + PART)).iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            let name = style.paint(Paint::Strong, name) + &" ".repeat(PART.saturating_sub(name.len()));
            text.push_str(&format!("{:LABEL$}{name}{line}\n", ""));
        }
    };
    part("cause", &finding.cause);
    match &finding.fix {
        Some(fix) => {
            part("fix", &fix.summary);
            fix.lines.iter().for_each(|line| part("", &format!("{}: {}", line.file, line.text)));
        }
        None if finding.class == Class::Fixable => part("fix", "no rule knows one"),
        None => {}
    }
    if finding.fix.is_some() && matches!(finding.class, Class::Security | Class::Pivot | Class::Fixable) {
        part("proof", finding.proof.as_str());
    }
    if !finding.scenarios.is_empty() {
        part("in", &finding.scenarios.join(", "));
    }
    // What an unexplained failure rests on was shown with the failure itself, and what the cause says need not be said
    // again.
    let news = |seen: &&Observation| finding.code != UNEXPLAINED && !finding.cause.contains(&seen.text);
    let seen: Vec<&Observation> = finding.evidence.iter().filter(news).collect();
    for (index, seen) in seen.iter().take(SHOWN).enumerate() {
        part(if index == 0 { "seen" } else { "" }, &self::seen(seen));
    }
    if let Some(more @ 1..) = seen.len().checked_sub(SHOWN) {
        part("", &format!("and {more} more in report.json"));
    }
    for (index, line) in finding.evidence.iter().flat_map(|seen| &seen.quote).enumerate() {
        // Not wrapped: a line of a log should stay one that can be searched for.
        let name = style.paint(Paint::Strong, if index == 0 { "log" } else { "   " });
        text.push_str(&format!("{:LABEL$}{name}     | {}\n", "", one_line(line)));
    }
    text
}

fn seen(seen: &Observation) -> String {
    match (&seen.place, &seen.scenario) {
        (Some(place), _) => format!("{}:{}: {}", place.file, place.line, seen.text),
        (None, Some(scenario)) => format!("{scenario}: {}", seen.text),
        (None, None) => seen.text.clone(),
    }
}
