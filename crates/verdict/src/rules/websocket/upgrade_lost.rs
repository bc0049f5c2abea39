//! `websocket/upgrade-lost`: the edge passes a handshake on as a plain request.

use std::collections::BTreeSet;

use crate::evidence::{Exchange, Probe, StackFacts, StackKind};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix, RouteField};
use crate::rules::case::{Candidate, Case};
use crate::rules::view::{ELSEWHERE, is_handshake, is_of_site, is_whole, seen, service_of, status};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "websocket/upgrade-lost",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A WebSocket's handshake loses its upgrade at the edge",
    explain: "`Connection` and `Upgrade` are hop-by-hop fields: a gateway takes them off, and one that knows WebSockets puts them \
              back. Where the edge doesn't, the service sees a plain request and answers it as one: 200, 400 or 426, and \
              never 101. Pages are all well, and nothing on them moves.",
    told_by: "The handshake is answered by something else than 101 through the edge, and by 101 when the service is asked \
              directly. A handshake that the service refuses by itself (for its Origin, its session) is refused past the edge \
              as well; a route that leads nowhere answers plain requests no better.",
    remedy: "Caddy's `reverse_proxy` upgrades by itself: take out `header_up -Connection`, `header_up -Upgrade` and \
             `request_header -Upgrade`. In nginx: `proxy_http_version 1.1` with `proxy_set_header Upgrade $http_upgrade` and \
             `Connection \"upgrade\"`.",
    references: &[
        "RFC 6455, section 4.1",
        "RFC 9110, sections 7.6.1 and 7.8",
        "Caddy, reverse_proxy directive, header_up",
    ],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let by_service = case.open_by(|symptom| {
        let exchange = symptom.last_exchange().filter(|exchange| is_handshake(exchange))?;
        let url = exchange.request.url.as_str();
        if !is_of_site(url, stack) || !was_answered_as_plain(exchange) {
            return None;
        }
        let service = service_of(url, stack)?;
        is_the_edges_doing(case, stack, service, exchange).then_some(service)
    });
    let candidate = |(service, explains): (&str, Vec<usize>)| {
        let urls: BTreeSet<&str> =
            explains.iter().filter_map(|id| case.symptoms.get(*id)).filter_map(|symptom| symptom.last_url()).collect();
        let direct = urls.iter().flat_map(|url| case.directly(url)).filter(|probe| is_handshake(&probe.exchange));
        let mut observations: Vec<_> = direct.map(|probe| seen(probe, ", asked for the same WebSocket")).collect();
        observations.truncate(3);
        let known = if observations.is_empty() {
            "as if nobody had asked for a WebSocket"
        } else {
            "as a plain request, while the service itself, asked past the edge, switches (101)"
        };
        Candidate {
            cause: format!(
                "The edge takes Upgrade or Connection off handshakes on their way to {service}: they are answered {known}."
            ),
            fix: Some(case.unless_refuted(RULE.code, fix(service, stack.kind), ELSEWHERE)),
            observations,
            explains,
        }
    };
    by_service.into_iter().map(candidate).collect()
}

/// A status by which a service answers who, as far as it can see, didn't ask for a WebSocket.
fn was_answered_as_plain(exchange: &Exchange) -> bool {
    matches!(status(exchange), Some(200..=299 | 400 | 426)) && exchange.error.is_none()
}

fn is_the_edges_doing(case: &Case<'_>, stack: &StackFacts, service: &str, exchange: &Exchange) -> bool {
    let url = exchange.request.url.as_str();
    if stack.kind == StackKind::External {
        // Only who misses the field says 426 (RFC 9110, section 15.5.22), and only the echo repeats what it saw.
        return status(exchange) == Some(426);
    }
    let direct: Vec<_> = case.directly(url).filter(|probe| is_handshake(&probe.exchange)).collect();
    // Strangers are refused past the edge whatever they ask for; then, too, who says 426 misses the field.
    let is_refused = |probe: &&Probe| matches!(status(&probe.exchange), Some(401 | 403));
    if status(exchange) == Some(426) && !direct.is_empty() && direct.iter().all(is_refused) {
        return true;
    }
    // Something of the service comes through: the route itself leads there.
    let mut plain = case.on_route(service).filter(|exchange| !is_handshake(exchange) && is_whole(exchange));
    direct.iter().any(|probe| status(&probe.exchange) == Some(101))
        && plain.any(|exchange| {
            exchange.response.as_ref().is_some_and(|answer| answer.status < 400 && answer.body_bytes > 0)
        })
}

fn fix(service: &str, kind: StackKind) -> Fix {
    let mut changes = vec![Change::Route { route: service.to_owned(), field: RouteField::Websocket(true) }];
    if kind == StackKind::Containers {
        for name in ["header_up -Connection", "header_up -Upgrade", "request_header -Connection"] {
            changes.push(Change::Directive { name: name.to_owned(), value: None });
        }
    }
    Fix::apply("Let the edge pass Connection and Upgrade on.", changes)
}
