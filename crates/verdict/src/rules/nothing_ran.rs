//! `harness/nothing-ran`: no scenario was tried at all.

use super::case::{Candidate, Case};
use super::{Needs, Rule};
use crate::evidence::Outcome;
use crate::finding::{Class, Observation, Severity};
use crate::fix::Fix;
use crate::sentence::clause;

/// The rule's code.
pub(super) const CODE: &str = "harness/nothing-ran";

pub(super) static RULE: Rule = Rule {
    code: CODE,
    class: Class::Infrastructure,
    severity: Severity::Warning,
    title: "No scenario ran",
    explain: "There were no scenarios, or none applies to this stack and mode. A run in which nothing was tried is not \
              a pass: it would be green for ever. The reasons beside the skipped scenarios say what they ask for; \
              choose a stack or mode that has it, or another selection.",
    told_by: "No scenario has any other outcome than `skipped`, and the stack stood.",
    remedy: "Choose a stack, a mode or a selection to which a scenario applies.",
    references: &["README.md, exit codes"],
    needs: Needs::NOTHING,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let journeys = &case.evidence.journeys;
    let idle = case.symptoms.is_empty() && journeys.iter().all(|journey| journey.outcome == Outcome::Skipped);
    // Where the stack did not stand, that is why nothing ran.
    if !idle || !case.evidence.troubles.is_empty() {
        return Vec::new();
    }
    let cause = match journeys.len() {
        0 => "There was no scenario to run.".to_owned(),
        1 => "The one scenario was skipped.".to_owned(),
        many => format!("All {many} scenarios were skipped."),
    };
    let skipped = |journey: &crate::evidence::Journey| Observation {
        scenario: Some(journey.name.clone()),
        ..Observation::new(journey.reason.as_deref().map_or_else(|| "skipped".to_owned(), clause))
    };
    vec![Candidate {
        cause,
        fix: Some(Fix::advice("Choose a stack, mode or selection to which a scenario applies; --list shows them.")),
        observations: journeys.iter().map(skipped).collect(),
        explains: Vec::new(),
    }]
}
