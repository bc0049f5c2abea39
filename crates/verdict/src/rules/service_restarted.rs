//! `stack/service-restarted`: a service went away while the scenarios ran, and came back.

use super::case::{Candidate, Case, Symptom};
use super::service::is_concerned;
use super::view::{Print, is_whole, status};
use super::{Needs, Rule};
use crate::evidence::{Exchange, Restart};
use crate::finding::{Class, Observation, Severity};
use crate::fix::Fix;

pub(super) static RULE: Rule = Rule {
    code: "stack/service-restarted",
    class: Class::Infrastructure,
    severity: Severity::Error,
    title: "A service restarted while the scenarios ran",
    explain: "A service of the stack ended and was started again between the first scenario and the last. Whatever had to do with it \
              meanwhile may have failed for that alone: requests that broke off, webhooks that were lost, pipelines whose \
              configuration could not be read, sign-ins whose code was forgotten. None of that says anything about the routing.",
    told_by: "The service was started at another time after the scenarios than before them, as the engine says (`StartedAt`, \
              `RestartCount`); a scenario that failed had to do with it, or with a service that needs it; and what failed isn't \
              there any more when it is asked for again. One that ended and stays away is `stack/service-died`.",
    remedy: "Run again. Where it restarts each time, its last log lines tell why it ended: out of memory shows as exit code 137.",
    references: &["docker inspect, State.StartedAt and RestartCount"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let of = |restart: &Restart| {
        let service = restart.service.as_str();
        let follows = |symptom: &Symptom<'_>| is_concerned(symptom, service, stack) && !persists(case, symptom);
        let explains: Vec<usize> = case.open().filter(|(_, symptom)| follows(symptom)).map(|(id, _)| id).collect();
        // Where nothing came of it there is nothing to be explained.
        (!explains.is_empty()).then(|| Candidate {
            cause: format!(
                "{service} restarted while the scenarios ran: what failed with it may have failed for that."
            ),
            fix: Some(Fix::advice(format!(
                "Run again; if {service} restarts each time, its last log lines tell why it ended."
            ))),
            observations: vec![Observation {
                quote: restart.log.clone(),
                ..Observation::new(format!("{service} was started anew between the first scenario and the last"))
            }],
            explains,
        })
    };
    case.evidence.restarts.iter().filter_map(of).collect()
}

/// The step got its answers, and the last of them is the same now that the service is there again: no restart's doing.
fn persists(case: &Case<'_>, symptom: &Symptom<'_>) -> bool {
    let (Some(step), Some(last)) = (symptom.step, symptom.last_exchange()) else { return false };
    let was_there = step.trace.iter().all(|exchange| is_whole(exchange) && status(exchange) < Some(500));
    // Of a sign-in the last exchange needn't be the one that failed.
    let is_read = step.oauth.is_none() && matches!(last.request.method.as_str(), "GET" | "HEAD");
    let print = |exchange: &Exchange| exchange.response.as_ref().map(|it| (it.status, Print::of(it)));
    was_there && is_read && case.again(&last.request.url).any(|probe| print(&probe.exchange) == print(last))
}
