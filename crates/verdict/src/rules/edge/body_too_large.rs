//! `edge/body-too-large`: the edge limits the size of what is sent.

use crate::evidence::{Exchange, Mode, StackFacts, StackKind};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix, RouteField};
use crate::rules::case::{Candidate, Case};
use crate::rules::view::{ELSEWHERE, came_through, is_of_site, service_of, status, target};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/body-too-large",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The edge refuses large contents",
    explain: "A limit on the size of requests (`request_body max_size` in Caddy, `client_max_body_size` in nginx) lets pages and \
              small pushes pass, and stops the first push, upload or image that is larger: 413, from the edge itself, before \
              the service has seen all of it.",
    told_by: "413 to a request with a content, from the edge: the answer lacks the `Via` that answers from behind it have. A \
              service's own limit answers through the edge, with that field.",
    remedy: "Take `request_body { max_size … }` off the route, or raise it above the largest push.",
    references: &["RFC 9110, section 15.5.14", "Caddy, request_body directive"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let by_route = case.open_by(|symptom| {
        let exchange = symptom.last_exchange().filter(|exchange| is_refused_by_the_edge(exchange))?;
        route(&exchange.request.url, stack)
    });
    let candidate = |((route, service), explains): ((&str, &str), Vec<usize>)| {
        let sent = explains.iter().filter_map(|id| case.symptoms.get(*id)?.last_exchange());
        let sent = sent.map(|exchange| exchange.request.body_bytes).max().unwrap_or_default();
        let mut changes = vec![Change::Route { route: route.to_owned(), field: RouteField::MaxBody(None) }];
        if stack.kind == StackKind::Containers {
            changes.push(Change::Directive { name: "request_body".to_owned(), value: None });
        }
        let how_far = if sent > 0 { format!(", after {sent} bytes had gone out") } else { String::new() };
        Candidate {
            cause: format!(
                "The edge limits the size of requests to {service}: it answered a larger one with 413 itself{how_far}."
            ),
            fix: Some(case.unless_refuted(
                RULE.code,
                Fix::apply("Lift the limit, or raise it above what is sent.", changes),
                ELSEWHERE,
            )),
            observations: Vec::new(),
            explains,
        }
    };
    by_route.into_iter().map(candidate).collect()
}

/// The route of the edge that a URL takes, and the service behind it.
fn route<'a>(url: &str, stack: &'a StackFacts) -> Option<(&'a str, &'a str)> {
    // The registry's path is at the root of its host (OCI Distribution Specification, "Endpoints").
    if is_of_site(url, stack) && target(url).starts_with("/v2/") && stack.mode == Mode::Subpath {
        return Some(("forge-registry", "the registry"));
    }
    service_of(url, stack).map(|service| (service, service))
}

fn is_refused_by_the_edge(exchange: &Exchange) -> bool {
    let has_content = !matches!(exchange.request.method.as_str(), "GET" | "HEAD");
    if status(exchange) != Some(413) || !has_content {
        return false;
    }
    exchange.response.as_ref().is_some_and(|response| !came_through(response))
}
