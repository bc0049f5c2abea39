//! Below a row: what was found, and why scenarios failed.

use verdict::evidence::{Journey, Outcome};

use crate::report::Report;
use crate::report::text::one_line;

/// Why a fault's row is as it is, a line each.
pub fn details(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        text.push_str(&format!("    {} ({}): {}\n", finding.code, finding.proof.as_str(), one_line(&finding.cause)));
        for line in finding.fix.iter().map(|fix| &fix.summary) {
            text.push_str(&format!("        fix: {}\n", one_line(line)));
        }
    }
    let bad = |journey: &&Journey| matches!(journey.outcome, Outcome::Failed | Outcome::Errored);
    for journey in report.scenarios.iter().filter(bad) {
        text.push_str(&format!("    {}{}\n", one_line(&journey.file), one_line(&why(journey))));
    }
    text
}

fn why(journey: &Journey) -> String {
    let failed = journey.steps.iter().find_map(|step| Some((step.line, step.failures.first()?)));
    match failed {
        Some((line, failure)) => {
            let shown = |text: &Option<String>| text.as_deref().unwrap_or("-").chars().take(80).collect::<String>();
            let (expected, found) = (shown(&failure.expected), shown(&failure.found));
            format!(":{line}: {}: expected {expected}, found {found}", failure.message)
        }
        None => format!(": {}", journey.reason.as_deref().unwrap_or_default()),
    }
}
