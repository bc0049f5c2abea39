//! `unexplained`: a journey failed, and no other rule knows why.

use super::case::{Candidate, Case};
use super::{Needs, Rule};
use crate::finding::{Class, Severity};
use crate::sentence::{clause, sentence};

/// The rule's code.
pub const CODE: &str = "unexplained";

pub(super) static RULE: Rule = Rule {
    code: CODE,
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A failure that no rule explains",
    explain: "A scenario failed, and what was seen fits no known misconfiguration. The trace of the failing step shows \
              every request and response on the way; compare the first hop that looks wrong with what the service \
              behind that route was told about its address. No fix is offered, because none was computed.",
    told_by: "It is what remains when no other rule holds, or when the fixes of those that did were refuted.",
    remedy: "Compare the first hop that looks wrong with what the service was told about its address.",
    references: &["docs/scenarios.md"],
    needs: Needs::NOTHING,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    // One finding a step: a login that ten scenarios use and that fails is one failure, not ten.
    let by_step = case.open_by(|symptom| {
        Some(match symptom.step {
            Some(step) => (step.file.as_str(), step.line, clause(&step.title)),
            None => (symptom.journey.file.as_str(), 0, clause(&symptom.journey.name)),
        })
    });
    let candidate = |((file, line, title), explains): ((&str, usize, String), Vec<usize>)| {
        // The least message, so that the order of the evidence doesn't matter.
        let message = explains.iter().filter_map(|id| case.symptoms.get(*id)).map(|symptom| symptom.message()).min();
        let place = if line == 0 { file.to_owned() } else { format!("{file}:{line}") };
        let cause = match message {
            Some(message) => format!("`{title}` ({place}): {message}"),
            None => format!("`{title}` ({place}) failed"),
        };
        Candidate { cause: sentence(&cause), fix: None, observations: Vec::new(), explains }
    };
    by_step.into_iter().map(candidate).collect()
}
