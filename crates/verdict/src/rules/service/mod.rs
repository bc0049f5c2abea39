//! Services that don't answer as services do, whatever the edge does.

pub(super) mod down;
pub(super) mod failing;
pub(super) mod slow;
pub(super) mod unsteady;

use crate::evidence::{Exchange, FailureKind, StackFacts};
use crate::rules::case::{Case, Symptom, SymptomId};
use crate::rules::ci::no_agent::{AGENT, waits};
use crate::rules::view::{is_broken, is_gateway_error, is_of_site, leads_to, service_of, status};

/// Who can't do all of its work without whom.
const NEEDS: &[(&str, &[&str])] = &[("ci", &["forge", "ci-agent"])];

/// The symptom's journey had to do with a service by then: it was asked, or somebody who needs it was. All goes by the edge.
pub(super) fn is_concerned(symptom: &Symptom<'_>, service: &str, stack: &StackFacts) -> bool {
    let asked = symptom.journey.steps.iter().flat_map(|step| &step.trace);
    let mut urls = asked.map(|exchange| exchange.request.url.as_str()).filter(|url| is_of_site(url, stack));
    urls.any(|url| match service_of(url, stack) {
        // Agents have no route; what they do is seen in pipelines.
        Some(at) if service == AGENT => needs(at, service) && url.contains("/pipelines"),
        Some(at) => service == "edge" || at == service || needs(at, service),
        None => service == "edge",
    })
}

/// One service can't do all of its work without the other.
fn needs(who: &str, whom: &str) -> bool {
    NEEDS.iter().any(|(one, others)| *one == who && others.contains(&whom))
}

/// The symptom follows from a service's silence: on its own routes, on the way of a browser that is sent there, and at those
/// services that need it.
pub(super) fn follows(symptom: &Symptom<'_>, service: &str, stack: &StackFacts) -> bool {
    // Agents have no route: without them the CI's work isn't taken.
    if service == AGENT && waits(symptom, stack) {
        return true;
    }
    let exchanges = symptom.step.map(|step| step.trace.as_slice()).unwrap_or_default();
    let is_silent = exchanges.iter().any(|exchange| {
        let at = service_of(&exchange.request.url, stack);
        // What has no prefix of its own may be anybody's: a registry's path is at the root.
        let concerns = at == Some(service) || service == "edge" || (at.is_none() && is_gateway_error(exchange));
        let silent = exchange.response.is_none() || is_broken(exchange) || is_gateway_error(exchange);
        is_of_site(&exchange.request.url, stack) && concerns && silent
    });
    let Some(url) = symptom.last_url() else { return false };
    let is_its_own = leads_to(url, service, stack);
    let kind = symptom.kind();
    let silent = matches!(kind, Some(FailureKind::Connect | FailureKind::Protocol | FailureKind::Timeout));
    let gateway = matches!(symptom.last_status(), Some(502..=504));
    is_silent
        || (is_its_own && (silent || gateway || symptom.is_errored()))
        || is_of_a_dependent(symptom, service, stack)
}

/// The open symptoms of those who need a service that was silent, but for these.
fn of_dependents(case: &Case<'_>, service: &str, stack: &StackFacts, but: &[SymptomId]) -> Vec<SymptomId> {
    let open = case.open().filter(|(id, symptom)| !but.contains(id) && is_of_a_dependent(symptom, service, stack));
    open.map(|(id, _)| id).collect()
}

/// A service that needs the silent one, and shows it: by an error of its own, by never coming to an end, by a sign-in that
/// ends in an error.
fn is_of_a_dependent(symptom: &Symptom<'_>, service: &str, stack: &StackFacts) -> bool {
    let (Some(url), Some(step)) = (symptom.last_url(), symptom.step) else { return false };
    let Some(at) = service_of(url, stack) else { return false };
    if !needs(at, service) {
        return false;
    }
    // A gateway's error is about the dependent's own absence.
    let is_bad =
        |exchange: &Exchange| status(exchange).is_none_or(|status| status >= 500) && !is_gateway_error(exchange);
    let failed = step.trace.iter().any(is_bad);
    let landed_badly = step.oauth.iter().flat_map(|oauth| &oauth.phases);
    let landed_badly = landed_badly
        .filter_map(|phase| phase.landing.as_ref())
        .any(|landing| landing.error.is_some() || landing.status >= 500);
    failed || landed_badly || step.attempts > 1
}
