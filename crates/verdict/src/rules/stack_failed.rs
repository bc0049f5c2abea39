//! `stack/failed`: the stack did not stand, or something other than a service of it broke.

use super::case::{Candidate, Case, Symptom};
use super::{Needs, Rule};
use crate::evidence::{StackFacts, Trouble};
use crate::finding::{Class, Observation, Severity};
use crate::fix::Fix;
use crate::sentence::{clause, sentence};

pub(super) static RULE: Rule = Rule {
    code: "stack/failed",
    class: Class::Infrastructure,
    severity: Severity::Error,
    title: "The stack did not come up, or broke",
    explain: "No stack came up to be walked, or the machinery under it (the container engine, a network, a volume) \
              broke on the way. The scenarios never met a site, so nothing is known about it. Look at the message and, \
              where there are some, at the last log lines of the service; put that right and run again.",
    told_by: "Trouble with the stack that isn't about one service that ran before.",
    remedy: "Do what the message says, then run again.",
    references: &["README.md, exit codes"],
    needs: Needs::NOTHING,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let standing = case.evidence.stack.as_ref();
    let broken = case.evidence.troubles.iter().filter(|trouble| standing.is_none() || trouble.service.is_none());
    broken.map(|trouble| from_trouble(trouble, case, |symptom, _| symptom.is_errored())).collect()
}

/// The finding that a trouble calls for; it explains the open symptoms of which `consequence` says so.
pub(super) fn from_trouble(
    trouble: &Trouble,
    case: &Case<'_>,
    consequence: impl Fn(&Symptom<'_>, Option<&StackFacts>) -> bool,
) -> Candidate {
    let stack = case.evidence.stack.as_ref();
    let message = clause(&trouble.message);
    let cause = match &trouble.service {
        Some(service) if !message.contains(service.as_str()) => format!("{service}: {message}"),
        _ => message,
    };
    let observation = Observation { quote: trouble.log.clone(), ..Observation::new(cause.clone()) };
    Candidate {
        cause: sentence(&cause),
        fix: trouble.help.as_deref().map(Fix::advice),
        observations: vec![observation],
        explains: case.open().filter(|(_, symptom)| consequence(symptom, stack)).map(|(id, _)| id).collect(),
    }
}
