//! `service/unsteady`: what failed is well a moment later.

use std::collections::BTreeMap;

use crate::evidence::{EndingKind, Exchange, FailureKind};
use crate::finding::{Class, Severity};
use crate::fix::Fix;
use crate::rules::case::{Candidate, Case, Symptom};
use crate::rules::service::of_dependents;
use crate::rules::view::{is_broken, is_gateway_error, is_handshake, is_of_site, is_whole, service_of, status};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "service/unsteady",
    class: Class::Infrastructure,
    severity: Severity::Error,
    title: "What failed is well a moment later",
    explain: "A service, or the edge, was starting, restarting or overloaded while the scenarios ran: requests ended in gateway \
              errors, in errors of the service or in broken connections, and the same request, asked again when the \
              scenarios were over, is answered. A configuration that is wrong stays wrong, so nothing is claimed about it.",
    told_by: "The answer was a 5xx, or none, or broke off; asked again, or at other addresses of the same service where it can't \
              be asked again, it is no such thing. What fails again has another cause.",
    remedy: "Run again; if it persists, look for restarts (`docker compose ps`) and for lack of memory or of processor time.",
    references: &["RFC 9110, section 15.6"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let mut by_service: BTreeMap<&str, Vec<usize>> = case.open_by(|symptom| {
        let exchange = symptom.last_exchange()?;
        let url = exchange.request.url.as_str();
        // A deadline that passed says that somebody is slow.
        if symptom.kind() == Some(FailureKind::Timeout) {
            return None;
        }
        let at = service_of(url, stack).filter(|_| is_of_site(url, stack))?;
        (is_bad(exchange) || was_ended(symptom)).then_some(())?;
        is_well_now(case, at, symptom, exchange).then_some(at)
    });
    let mut claimed: Vec<usize> = by_service.values().flatten().copied().collect();
    for (service, explains) in &mut by_service {
        let others = of_dependents(case, service, stack, &claimed);
        claimed.extend(&others);
        explains.extend(others);
    }
    let candidate = |(service, explains): (&str, Vec<usize>)| Candidate {
        cause: format!(
            "{service} failed while the scenarios ran, and answers now: it was starting, restarting or overloaded."
        ),
        fix: Some(Fix::advice(format!("Run again; if it persists, look for restarts of {service} or of the edge."))),
        observations: Vec::new(),
        explains,
    };
    by_service.into_iter().map(candidate).collect()
}

fn is_bad(exchange: &Exchange) -> bool {
    is_broken(exchange) || matches!(status(exchange), Some(500..=599))
}

/// An open WebSocket that somebody ended who was going away.
fn was_ended(symptom: &Symptom<'_>) -> bool {
    let Some(socket) = symptom.step.and_then(|step| step.websocket.as_ref()) else { return false };
    match socket.ending.how {
        EndingKind::Cut => true,
        // Going away, internal error, service restart, try again later (RFC 6455, section 7.4.1, and IANA's registry).
        EndingKind::ClosedByServer => matches!(socket.ending.code, Some(1001 | 1011 | 1012 | 1013)),
        _ => false,
    }
}

fn is_well_now(case: &Case<'_>, service: &str, symptom: &Symptom<'_>, exchange: &Exchange) -> bool {
    if let Some(socket) = symptom.step.and_then(|step| step.websocket.as_ref()) {
        let again: Vec<_> = case.again(&exchange.request.url).filter_map(|probe| probe.websocket.as_ref()).collect();
        return !again.is_empty()
            && again.iter().all(|again| again.open_ms > socket.open_ms && again.ending.how != EndingKind::Cut);
    }
    let is_well = |exchange: &Exchange| is_whole(exchange) && status(exchange).is_some_and(|status| status < 500);
    let is_alike = |other: &&Exchange| is_handshake(other) == is_handshake(exchange);
    let mut again = case.again(&exchange.request.url).map(|probe| &probe.exchange).filter(is_alike).peekable();
    let is_gateway = is_gateway_error(exchange);
    let was_away = is_broken(exchange) || is_gateway;
    // It is asked again as a stranger does: an error that somebody who is signed in met may still be there.
    if again.peek().is_some() && (was_away || !is_personal(exchange)) {
        // What was away and hangs now changes as a configuration doesn't.
        let hangs = |exchange: &Exchange| is_gateway && exchange.response.is_none();
        let is_otherwise = |again: &Exchange| is_well(again) || hangs(again);
        // A gateway's error comes and goes with the service; one of the service's own may be about one thing among many.
        return if was_away { again.any(is_otherwise) } else { again.all(is_otherwise) };
    }
    // It can't be asked again. A gateway's error says that the service wasn't there; now it is.
    let probes = case.evidence.probes.iter().map(|probe| &probe.exchange);
    let stack = case.evidence.stack.as_ref();
    let mut now = probes
        .filter(|probe| stack.is_some_and(|stack| service_of(&probe.request.url, stack) == Some(service)))
        .peekable();
    was_away && now.peek().is_some() && now.all(|now| is_well(now) || (is_gateway && now.response.is_none()))
}

fn is_personal(exchange: &Exchange) -> bool {
    let personal = ["cookie", "authorization"];
    exchange.request.headers.iter().any(|(name, _)| personal.iter().any(|other| name.eq_ignore_ascii_case(other)))
}
