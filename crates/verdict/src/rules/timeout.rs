//! `harness/timeout`: a deadline of the harness's own passed.

use std::collections::BTreeSet;

use super::case::{Candidate, Case, Symptom};
use super::{Needs, Rule};
use crate::evidence::FailureKind;
use crate::finding::{Class, Severity};
use crate::fix::Fix;
use crate::sentence::{clause, count, list};

pub(super) static RULE: Rule = Rule {
    code: "harness/timeout",
    class: Class::Infrastructure,
    severity: Severity::Error,
    title: "A deadline of the harness's own passed",
    explain: "A step did not end before the harness stopped waiting. A slow machine, a slow network and a service that \
              never answers look alike from here, so nothing is claimed. Give it more time (`timeout:` in the step or \
              the scenario, or --timeout); if it still doesn't end, the service's log says what it was doing.",
    told_by: "The step ended by the harness's own deadline, not by an answer. A connection that the site cut has \
              another code.",
    remedy: "Give it more time with --timeout or `timeout:`; read the service's log where it still hangs.",
    references: &["README.md, exit codes"],
    needs: Needs::NOTHING,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let explains: Vec<_> =
        case.open().filter(|(_, symptom)| symptom.kind() == Some(FailureKind::Timeout)).map(|(id, _)| id).collect();
    if explains.is_empty() {
        return Vec::new();
    }
    let late: BTreeSet<String> = explains.iter().filter_map(|id| case.symptoms.get(*id)).map(what).collect();
    let named: Vec<&str> = late.iter().take(3).map(String::as_str).collect();
    let cause = match late.len() {
        1..=3 => format!("{} did not end before the harness's deadline.", list(&named)),
        many => {
            format!("{} did not end before the harness's deadline, among them {}.", count(many, "step"), list(&named))
        }
    };
    let fix =
        Some(Fix::advice("Give it more time with --timeout or `timeout:`; if it still hangs, read the service's log."));
    vec![Candidate { cause, fix, observations: Vec::new(), explains }]
}

fn what(symptom: &Symptom<'_>) -> String {
    match symptom.step {
        Some(step) => format!("`{}` ({}:{})", clause(&step.title), step.file, step.line),
        None => format!("`{}`", clause(&symptom.journey.name)),
    }
}
