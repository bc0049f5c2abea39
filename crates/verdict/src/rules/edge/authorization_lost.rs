//! `edge/authorization-lost`: credentials that the service takes don't arrive there.

use super::of_route;
use crate::evidence::{Exchange, Probe, StackFacts};
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, RouteField};
use crate::rules::case::{Candidate, Case, Symptom, SymptomId};
use crate::rules::oauth::redeems_at;
use crate::rules::view::{View, is_whole, seen, service_of, status};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/authorization-lost",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "Credentials are lost on the way to the service",
    explain: "Programs send credentials in Authorization: git its user and password, API clients their tokens, the CI what it asks the \
              forge for in a user's name. Something on the way takes the field off, or puts another in its place, so that the \
              service sees a stranger. Browsers, which have cookies, notice nothing.",
    told_by: "The same request with the same Authorization is taken by the service when it is asked directly, and through the edge \
              it gets the very answer that the service gives to somebody without credentials. Credentials that the service itself \
              refuses, and an edge that asks for some of its own, are another matter.",
    remedy: "Let the field through: take `header_up -Authorization` and `request_header -Authorization` out of the route in Caddy. \
             An edge that signs people in itself with Basic credentials can't stand before a service that takes some of its own.",
    references: &["RFC 9110, section 11.6.2 (Authorization)", "Caddy, reverse_proxy, header_up; request_header"],
    needs: Needs::A_STACK,
    find,
};

/// The field, as reflections of requests name it.
const FIELD: &str = "authorization";

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let (Some(stack), Some(view)) = (&case.evidence.stack, case.view()) else { return Vec::new() };
    view.homes.iter().enumerate().filter_map(|(home, of)| lost(case, view, stack, home, &of.service)).collect()
}

fn lost(case: &Case<'_>, view: &View<'_>, stack: &StackFacts, home: usize, service: &str) -> Option<Candidate> {
    let mut observations: Vec<Observation> = Vec::new();
    let through = case.probes_through(service).filter(|probe| is_refused(&probe.exchange));
    for through in through.filter(|through| !is_the_edges(view, &through.exchange)) {
        let direct: Vec<&Probe> = case.directly(&through.exchange.request.url).collect();
        let taken = direct.iter().find(|probe| carries(&probe.exchange) && is_taken(&probe.exchange));
        let stranger = |probe: &&&Probe| !carries(&probe.exchange) && is_alike(&probe.exchange, &through.exchange);
        if let (Some(taken), Some(_)) = (taken, direct.iter().find(stranger)) {
            observations.push(seen(through, ", with credentials"));
            observations.push(seen(taken, ", with the same credentials"));
        }
    }
    let reflected = view.reflections().filter(|reflection| reflection.index == home && reflection.is_whole());
    let reflected = reflected.filter(|it| it.sent(FIELD).is_some() && it.header(FIELD).is_none());
    observations
        .extend(reflected.map(|it| it.seen.observation(format!("{service} was sent Authorization, and saw none"))));
    if observations.is_empty() {
        return None;
    }
    let follows = |symptom: &Symptom<'_>| {
        let exchanges = symptom.step.map(|step| step.trace.as_slice()).unwrap_or_default();
        let is_its_own = |exchange: &Exchange| service_of(&exchange.request.url, stack) == Some(service);
        exchanges.iter().any(|exchange| is_its_own(exchange) && is_refused(exchange))
            || redeems_at(symptom, service, stack)
    };
    let explains: Vec<SymptomId> = case.open().filter(|(_, symptom)| follows(symptom)).map(|(id, _)| id).collect();
    observations.sort();
    observations.dedup();
    observations.truncate(4);
    let change = Change::Route { route: service.to_owned(), field: RouteField::PassHeader("Authorization".to_owned()) };
    let summary = format!("Pass Authorization on to {service} as it came.");
    (!explains.is_empty()).then(|| Candidate {
        cause: format!(
            "Authorization doesn't arrive at {service}: asked directly it takes the credentials that it refuses through the edge."
        ),
        fix: Some(of_route(case, RULE.code, change, "header_up -Authorization", &summary)),
        observations,
        explains,
    })
}

/// Nothing says that the answer came from behind the edge, where others say so.
fn is_the_edges(view: &View<'_>, exchange: &Exchange) -> bool {
    exchange.response.as_ref().is_none_or(|response| view.is_edges_own(response))
}

fn carries(exchange: &Exchange) -> bool {
    exchange.request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(FIELD))
}

/// Credentials were sent, and whoever has none, or too few, is answered so.
fn is_refused(exchange: &Exchange) -> bool {
    carries(exchange) && matches!(status(exchange), Some(401 | 403 | 404))
}

fn is_taken(exchange: &Exchange) -> bool {
    is_whole(exchange) && status(exchange).is_some_and(|status| status < 400)
}

/// Both were told the same, and to authenticate in the same way.
fn is_alike(one: &Exchange, other: &Exchange) -> bool {
    let asked = |exchange: &Exchange| {
        let response = exchange.response.as_ref()?;
        let scheme = response.header("www-authenticate").and_then(|value| value.split(' ').next());
        Some((response.status, scheme.map(str::to_ascii_lowercase)))
    };
    asked(one).is_some() && asked(one) == asked(other)
}
