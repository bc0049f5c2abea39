//! `harness/not-tried`: a scenario could not be tried.

use super::case::{Candidate, Case};
use super::{Needs, Rule};
use crate::finding::{Class, Severity};
use crate::sentence::{clause, sentence};

pub(super) static RULE: Rule = Rule {
    code: "harness/not-tried",
    class: Class::Infrastructure,
    severity: Severity::Error,
    title: "A scenario could not be tried",
    explain: "A scenario ended before it had met the site: what it needs was not there, or the harness itself broke. \
              It neither passed nor failed, so nothing is claimed. The message says what was missing; supply it, or \
              leave the scenario out with --tag or --filter.",
    told_by: "The scenario's outcome is `errored` rather than `failed`: no expectation was looked at.",
    remedy: "Give the scenario what it asks for, or leave it out with --tag or --filter.",
    references: &["README.md, exit codes"],
    needs: Needs::NOTHING,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let by_reason = case.open_by(|symptom| {
        symptom.is_errored().then(|| match (&symptom.journey.reason, symptom.failure) {
            (Some(reason), _) => clause(reason),
            (None, Some(failure)) => clause(&failure.message),
            (None, None) => "it ended early, and the harness did not say why".to_owned(),
        })
    });
    let candidate = |(reason, explains): (String, Vec<usize>)| {
        let names: std::collections::BTreeSet<&str> = explains
            .iter()
            .filter_map(|id| case.symptoms.get(*id))
            .map(|symptom| symptom.journey.name.as_str())
            .collect();
        let who = match names.first() {
            Some(only) if names.len() == 1 => format!("`{}`", clause(only)),
            _ => format!("{} scenarios", names.len()),
        };
        Candidate {
            cause: sentence(&format!("{who} could not be tried: {reason}")),
            fix: None,
            observations: Vec::new(),
            explains,
        }
    };
    by_reason.into_iter().map(candidate).collect()
}
