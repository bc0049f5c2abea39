//! `service/slow`: a service doesn't answer in time.

use std::collections::BTreeMap;

use crate::evidence::FailureKind;
use crate::finding::{Class, Severity};
use crate::fix::Fix;
use crate::rules::case::{Candidate, Case};
use crate::rules::ci::no_agent::{is_busy, waits};
use crate::rules::service::of_dependents;
use crate::rules::view::{is_whole, seen, service_of};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "service/slow",
    class: Class::Infrastructure,
    severity: Severity::Error,
    title: "A service doesn't answer in time",
    explain: "Steps at one service ended by the harness's own deadline. A slow machine, a service that is busy or hangs, and a \
              network that drops packets look alike from outside, so nothing is claimed about the site; which service it is, \
              and whether it is as slow when it is asked directly, is said.",
    told_by: "The deadline passed while a request to that service was under way. An edge with a time limit of its own answers \
              504 or cuts, and that is `connection/cut`.",
    remedy: "Give it more time with --timeout or `timeout:`; read the service's log for what it was doing.",
    references: &["README.md, exit codes"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let mut by_service: BTreeMap<&str, Vec<usize>> = case.open_by(|symptom| {
        // A deadline of a step whose requests were answered is about what came, or about how often it was asked for.
        let is_unanswered = symptom.last_exchange().is_some_and(|exchange| exchange.response.is_none());
        let is_late = symptom.kind() == Some(FailureKind::Timeout) && is_unanswered;
        is_late.then(|| symptom.last_url().and_then(|url| service_of(url, stack))).flatten()
    });
    let mut claimed: Vec<usize> = by_service.values().flatten().copied().collect();
    for (service, explains) in &mut by_service {
        let others = of_dependents(case, service, stack, &claimed);
        claimed.extend(&others);
        explains.extend(others);
    }
    let candidate = |(service, explains): (&str, Vec<usize>)| {
        let mut direct: Vec<_> = case.direct(service).filter(|probe| is_whole(&probe.exchange)).collect();
        direct.sort_by(|one, other| one.exchange.duration_ms.total_cmp(&other.exchange.duration_ms));
        let cause = match direct.first() {
            Some(_) => format!(
                "{service} doesn't answer in time on its way through the edge, and does when it is asked directly."
            ),
            None => format!("{service} doesn't answer in time."),
        };
        let observations =
            direct.iter().take(1).map(|probe| seen(probe, &format!(", after {:.0} ms", probe.exchange.duration_ms)));
        let advice =
            format!("Give it more time with --timeout or `timeout:`; if it still hangs, read {service}'s log.");
        Candidate { cause, fix: Some(Fix::advice(advice)), observations: observations.collect(), explains }
    };
    let waiting = case.open().filter(|(id, symptom)| !claimed.contains(id) && waits(symptom, stack));
    let waiting: Vec<usize> = waiting.map(|(id, _)| id).collect();
    let agent = (!waiting.is_empty() && is_busy(case.evidence)).then(|| Candidate {
        cause: "Pipelines wait for an agent, which is there, says nothing of trouble, and took none in time."
            .to_owned(),
        fix: Some(Fix::advice("Run again with less at once; if they still wait, read the agent's log.")),
        observations: Vec::new(),
        explains: waiting,
    });
    by_service.into_iter().map(candidate).chain(agent).collect()
}
