//! `connection/cut`: an answer that breaks off, or that the edge doesn't wait for, and whose doing it is.

use crate::evidence::{Exchange, StackFacts, StackKind};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix};
use crate::rules::case::{Candidate, Case, Symptom};
use crate::rules::view::{
    ELSEWHERE, is_broken, is_gateway_error, is_handshake, is_of_site, is_whole, seen, service_of, status,
};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "connection/cut",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "Answers are cut off on their way",
    explain: "Somebody ends a connection before the answer is there, or before it is whole: an edge with a time limit shorter \
              than the service takes answers 504 or breaks off, and a service with a limit of its own breaks off whoever asks. \
              Short answers pass; long ones, and slow ones, never arrive.",
    told_by: "The same URL, asked past the edge, is answered whole where the edge is the cause, and breaks off as well where the \
              service is. What is well when it is tried again was no time limit. A 502 that comes at once is a wrong \
              upstream or a service that is down.",
    remedy: "Raise or take out `read_timeout`, `write_timeout` and `response_header_timeout` in the `transport http` of the \
             route's `reverse_proxy`. In nginx: `proxy_read_timeout`.",
    references: &["RFC 9110, section 15.6.5", "RFC 9112, section 8", "Caddy, reverse_proxy directive, transport http"],
    needs: Needs::A_STACK,
    find,
};

/// Whose doing it is, and what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doing {
    EdgeGivesUp,
    EdgeCuts,
    CutBefore,
    ServiceCuts,
}

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = case.own_stack() else { return Vec::new() };
    let found = case.open_by(|symptom| {
        let exchange = symptom.last_exchange().filter(|exchange| !is_handshake(exchange))?;
        let url = exchange.request.url.as_str();
        if !is_of_site(url, stack) {
            return None;
        }
        Some((service_of(url, stack)?, doing(case, exchange)?))
    });
    let mut found = found;
    for ((service, doing), explains) in &mut found {
        if *doing == Doing::CutBefore {
            explains.extend(not_asked_again(case, service, stack));
        }
    }
    let candidate = |((service, doing), explains): ((&str, Doing), Vec<usize>)| {
        let exchanges: Vec<&Exchange> =
            explains.iter().filter_map(|id| case.symptoms.get(*id)?.last_exchange()).collect();
        let direct = exchanges.iter().flat_map(|exchange| case.directly(&exchange.request.url));
        let mut observations: Vec<_> = direct
            .filter(|probe| !is_handshake(&probe.exchange))
            .map(|probe| {
                let end = if is_broken(&probe.exchange) { "broken off" } else { "whole" };
                seen(probe, &format!(", {end}"))
            })
            .collect();
        observations.sort();
        observations.dedup();
        observations.truncate(6);
        let (cause, fix) = match doing {
            Doing::EdgeGivesUp => (
                format!("The edge gives up on {service} (504) before it answers; asked directly, it does answer."),
                case.unless_refuted(RULE.code, lift(stack.kind), ELSEWHERE),
            ),
            Doing::EdgeCuts => (
                format!(
                    "Answers of {service} break off on their way through the edge; asked directly, they are whole."
                ),
                case.unless_refuted(RULE.code, lift(stack.kind), ELSEWHERE),
            ),
            Doing::CutBefore => (
                format!(
                    "Connections to {service} end before it has answered (502), at some addresses and not at others; asked \
                     directly, it answers there."
                ),
                case.unless_refuted(RULE.code, lift(stack.kind), ELSEWHERE),
            ),
            Doing::ServiceCuts => (
                format!("{service} itself breaks its answers off, past the edge as well."),
                Fix::advice(format!("Look into {service}'s log, and at its own time limits for answers.")),
            ),
        };
        Candidate { cause, fix: Some(fix), observations, explains }
    };
    found.into_iter().map(candidate).collect()
}

fn lift(kind: StackKind) -> Fix {
    let out = |name: &str| Change::Directive { name: name.to_owned(), value: None };
    let changes = ["read_timeout", "write_timeout", "response_header_timeout", "stream_timeout"].map(out);
    let changes = if kind == StackKind::Embedded { Vec::new() } else { changes.into() };
    Fix::apply("Lift the edge's time limits for what a service sends.", changes)
}

fn doing(case: &Case<'_>, exchange: &Exchange) -> Option<Doing> {
    let url = exchange.request.url.as_str();
    let is_given_up = status(exchange) == Some(504);
    let is_refused = status(exchange) == Some(502);
    // A deadline of the harness's own leaves neither an answer nor an error.
    let is_cut = exchange.error.is_some() && is_answered_partly(exchange);
    if !is_given_up && !is_cut && !is_refused {
        return None;
    }
    let plain = |exchange: &&Exchange| !is_handshake(exchange);
    let again: Vec<&Exchange> = case.again(url).map(|probe| &probe.exchange).filter(plain).collect();
    let is_lasting = !again.is_empty() && again.iter().all(|again| is_gateway_error(again) || is_broken(again));
    if !is_lasting {
        return None;
    }
    let direct: Vec<&Exchange> = case.directly(url).map(|probe| &probe.exchange).filter(plain).collect();
    let is_well = direct.iter().any(|direct| is_whole(direct) && status(direct).is_some_and(|status| status < 500));
    let is_broken_too = direct.iter().any(|direct| is_answered_partly(direct) && is_broken(direct));
    if is_refused {
        // Where nothing of the service arrives, the route leads elsewhere.
        let stack = case.evidence.stack.as_ref()?;
        let mut others = case.on_route(service_of(url, stack)?);
        let arrives =
            others.any(|other| is_whole(other) && status(other).is_some_and(|status| status < 500 && status != 404));
        return (is_well && arrives).then_some(Doing::CutBefore);
    }
    match (is_given_up, is_well, is_broken_too) {
        (true, true, _) => Some(Doing::EdgeGivesUp),
        (false, true, false) => Some(Doing::EdgeCuts),
        (false, _, true) => Some(Doing::ServiceCuts),
        _ => None,
    }
}

/// Pushes that ended alike: nobody pushes again to see.
fn not_asked_again(case: &Case<'_>, service: &str, stack: &StackFacts) -> Vec<usize> {
    let ends_alike = |symptom: &Symptom<'_>| {
        let exchange = symptom.last_exchange().filter(|exchange| is_gateway_error(exchange));
        exchange.is_some_and(|exchange| {
            exchange.request.method == "POST" && service_of(&exchange.request.url, stack) == Some(service)
        })
    };
    case.open().filter(|(_, symptom)| ends_alike(symptom)).map(|(id, _)| id).collect()
}

/// The answer began, and didn't come to its end.
fn is_answered_partly(exchange: &Exchange) -> bool {
    exchange.response.is_some() && exchange.error.is_some()
}
