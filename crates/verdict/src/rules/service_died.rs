//! `stack/service-died`: a service of a standing stack broke.

use super::case::{Candidate, Case};
use super::ci::no_agent::{AGENT, waits};
use super::service::follows;
use super::stack_failed::from_trouble;
use super::{Needs, Rule};
use crate::finding::{Class, Severity};

pub(super) static RULE: Rule = Rule {
    code: "stack/service-died",
    class: Class::Infrastructure,
    severity: Severity::Error,
    title: "A service died",
    explain: "A service of the stack was up and is no longer. What failed on its routes meanwhile (a gateway error, a \
              refused or broken connection, a timeout) follows from that and says nothing about the routing. The last \
              log lines usually tell why it died; out of memory shows as exit code 137.",
    told_by: "The engine says that the container ended, or the stack that the service was stopped. A service that \
              never came up is `stack/failed`; one that runs and answers wrongly isn't infrastructure.",
    remedy: "Read its last log lines, put that right and start it again.",
    references: &["docker inspect, State.ExitCode and State.OOMKilled"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let died = case.evidence.troubles.iter().filter_map(|trouble| Some((trouble, trouble.service.as_deref()?)));
    died.map(|(trouble, service)| {
        from_trouble(trouble, case, |symptom, stack| {
            // Agents have no route: without them the CI's work isn't taken. Any other dead service shows as a gateway error of the
            // edge or as a broken connection, on its own routes and where it is needed.
            stack.is_some_and(|stack| match service {
                AGENT => waits(symptom, stack),
                _ => follows(symptom, service, stack),
            })
        })
    })
    .collect()
}
