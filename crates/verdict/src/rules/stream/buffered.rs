//! `stream/buffered`: the edge collects what a service sends piece by piece.

use crate::evidence::{Arrival, Exchange, FailureKind, ResponseRecord, StackFacts, StackKind};
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix, RouteField};
use crate::rules::case::{Candidate, Case, Symptom};
use crate::rules::view::{ELSEWHERE, is_handshake, is_of_site, is_whole, service_of, target};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "stream/buffered",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A stream is collected on its way",
    explain: "What a service sends piece by piece (a chat's words, a build's log, server-sent events) reaches the browser all at \
              once, at its end: the edge buffers answers, or compresses them in blocks larger than a piece. Every status is \
              200, and nobody sees anything happen.",
    told_by: "The same URL takes its time when the service is asked directly, or when nobody offers to take it compressed, and \
              arrives at once otherwise. A service that itself sends all at its end does so past the edge as well.",
    remedy: "Take `response_buffers` out of the route's `reverse_proxy`, and give it `flush_interval -1`; leave event streams out \
             of `encode`. In nginx: `proxy_buffering off`.",
    references: &["HTML Standard, section 9.2 (server-sent events)", "Caddy, reverse_proxy directive, streaming"],
    needs: Needs::A_STACK,
    find,
};

/// A stream's pieces come at least so long after one another, all in all, in milliseconds.
const STREAM_MS: f64 = 150.0;
/// A collected stream's pieces come within this part of the time that they were sent in.
const COLLECTED: f64 = 0.3;

/// What collects it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Buffering,
    Compression,
}

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let found = case.open_by(|symptom| {
        let (url, response) = late(symptom)?;
        if !is_of_site(url, stack) {
            return None;
        }
        let yardstick = yardstick(case, symptom.last_exchange()?)?;
        let within = yardstick.spread_ms() * COLLECTED;
        // A machine that stood still for a moment collects nothing the next time.
        let is_alike = |other: &&Exchange| encoding_of(other) == encoding(response) && is_whole(other);
        let mut again = case.again(url).map(|probe| &probe.exchange).filter(is_alike).peekable();
        // Nobody asks again for compressed ones.
        let is_known = again.peek().is_some() || encoding(response).is_some();
        let is_late = |again: &Exchange| again.response.as_ref().is_some_and(|again| again.spread_ms() <= within);
        let is_lasting = is_known && again.all(is_late);
        let is_collected = response.spread_ms() <= within && is_lasting;
        let by = if encoding(response).is_some() { By::Compression } else { By::Buffering };
        is_collected.then_some((service_of(url, stack)?, by))
    });
    // Where plain answers are collected as well, that explains the compressed ones.
    let buffering: Vec<&str> =
        found.keys().filter(|(_, by)| *by == By::Buffering).map(|(service, _)| *service).collect();
    let mut groups = std::collections::BTreeMap::<(&str, By), Vec<usize>>::new();
    for ((service, by), ids) in found {
        let by = if buffering.contains(&service) { By::Buffering } else { by };
        groups.entry((service, by)).or_default().extend(ids);
    }
    for ((service, by), explains) in &mut groups {
        if *by == By::Buffering {
            explains.extend(hanging_handshakes(case, service, stack));
        }
    }
    groups.into_iter().map(|((service, by), explains)| candidate(case, stack.kind, service, by, explains)).collect()
}

fn candidate(case: &Case<'_>, kind: StackKind, service: &str, by: By, explains: Vec<usize>) -> Candidate {
    let exchanges = explains.iter().filter_map(|id| case.symptoms.get(*id)?.last_exchange());
    let exchanges = exchanges.filter(|exchange| !is_handshake(exchange));
    let mut observations: Vec<Observation> = exchanges
        .filter_map(|exchange| Some((exchange, yardstick(case, exchange)?)))
        .map(|(exchange, sent)| {
            let text = format!(
                "{}: sent in {} pieces over {:.0} ms, and arrived within {:.0} ms",
                target(&exchange.request.url),
                sent.pieces,
                sent.spread_ms(),
                exchange.response.as_ref().map_or(0.0, ResponseRecord::spread_ms)
            );
            Observation::new(text)
        })
        .collect();
    observations.sort();
    observations.dedup();
    let out = |name: &str| Change::Directive { name: name.to_owned(), value: None };
    let (cause, fixes) = match by {
        By::Buffering => {
            let at_once = Change::Route { route: service.to_owned(), field: RouteField::FlushImmediately(true) };
            let at_once = Fix::apply("Let the edge pass on at once what it is sent.", vec![at_once]);
            let outs = ["response_buffers", "buffer_responses"].map(out);
            let outs = Fix::apply("Take out what has the edge collect answers.", outs.into());
            let cause = format!("The edge buffers what {service} sends piece by piece, and passes it on at its end.");
            let is_caddy = kind == StackKind::Containers;
            (cause, is_caddy.then_some(outs).into_iter().chain([at_once]).collect::<Vec<_>>())
        }
        By::Compression => {
            let cause = format!(
                "The edge compresses what {service} sends piece by piece, and holds it back until there is enough."
            );
            (cause, vec![Fix::apply("Leave streams out of the edge's compression.", vec![out("encode")])])
        }
    };
    Candidate { cause, fix: Some(case.first_left(RULE.code, fixes, ELSEWHERE)), observations, explains }
}

/// WebSockets that never open: the answer that switches has no end, so that whoever collects it waits for ever.
fn hanging_handshakes(case: &Case<'_>, service: &str, stack: &StackFacts) -> Vec<usize> {
    let hangs = |symptom: &Symptom<'_>| {
        let exchange = symptom.last_exchange().filter(|exchange| is_handshake(exchange) && exchange.response.is_none());
        let is_late = symptom.kind() == Some(FailureKind::Timeout);
        is_late && exchange.is_some_and(|exchange| service_of(&exchange.request.url, stack) == Some(service))
    };
    case.open().filter(|(_, symptom)| hangs(symptom)).map(|(id, _)| id).collect()
}

/// The answer of a symptom that came whole, with success, and all at once.
fn late<'a>(symptom: &Symptom<'a>) -> Option<(&'a str, &'a ResponseRecord)> {
    let exchange = symptom.last_exchange().filter(|exchange| is_whole(exchange))?;
    let response = exchange.response.as_ref().filter(|response| matches!(response.status, 200..=299))?;
    Some((exchange.request.url.as_str(), response))
}

/// How the same content arrives elsewise: past the edge, or through it where nobody offers to take it compressed.
fn yardstick(case: &Case<'_>, exchange: &Exchange) -> Option<Arrival> {
    let url = exchange.request.url.as_str();
    let is_compressed = exchange.response.as_ref().is_some_and(|response| encoding(response).is_some());
    let direct = case.directly(url).map(|probe| &probe.exchange);
    let plain = case
        .exchanges()
        .map(|(_, _, exchange)| exchange)
        .chain(case.again(url).map(|probe| &probe.exchange))
        .filter(|other| is_compressed && other.request.url == url);
    let arrivals = direct.chain(plain).filter(|other| is_whole(other)).filter_map(|other| {
        let response = other.response.as_ref()?;
        response.arrival.filter(|_| encoding(response).is_none())
    });
    arrivals
        .filter(|arrival| arrival.spread_ms() >= STREAM_MS)
        .max_by(|one, other| one.spread_ms().total_cmp(&other.spread_ms()))
}

fn encoding_of(exchange: &Exchange) -> Option<&str> {
    exchange.response.as_ref().and_then(encoding)
}

fn encoding(response: &ResponseRecord) -> Option<&str> {
    response.header("content-encoding").filter(|value| !value.eq_ignore_ascii_case("identity"))
}
