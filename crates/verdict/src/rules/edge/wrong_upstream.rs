//! `edge/wrong-upstream`: a route leads where its service isn't.

use super::{is_with, with_exchange};
use crate::evidence::{Exchange, ResponseRecord, StackKind};
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix, RouteField};
use crate::rules::case::{Candidate, Case, SymptomId};
use crate::rules::view::View;
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/wrong-upstream",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A route leads where its service isn't",
    explain: "The upstream of a route is wrong: another port, another service's name, or a loopback address, which in a container \
              is the edge's own. The service stands and answers whoever asks it directly; through the edge comes a 502 from the \
              edge, or what another service answers.",
    told_by: "The service answers directly while everything on its route is a gateway error, or is word for word what another \
              service answers. Where the service doesn't answer directly either it is down; where some requests get through, it \
              was starting or restarting.",
    remedy: "`reverse_proxy` with the service's name on the network that it shares with the edge, and the port that it listens on \
              inside.",
    references: &["RFC 9110, section 15.6.3", "Caddy, reverse_proxy directive, upstream addresses"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(view) = case.view() else { return Vec::new() };
    let silent =
        (0..view.homes.len()).flat_map(|home| [silent(case, view, home, false), silent(case, view, home, true)]);
    let another = (0..view.homes.len()).map(|home| another(case, view, home));
    silent.chain(another).flatten().collect()
}

/// Nobody answers on the route.
fn silent(case: &Case<'_>, view: &View<'_>, home: usize, registry: bool) -> Option<Candidate> {
    let stack = case.evidence.stack.as_ref().filter(|stack| stack.kind != StackKind::External)?;
    let root = &view.homes[home].root;
    let service = &view.homes[home].service;
    let on_route = |exchange: &Exchange| {
        is_with(view, home, exchange) && view.find(exchange).is_some_and(|seen| root.covers(&seen.url) != registry)
    };
    // What the edge answers by itself, such as a path that it blocks, says nothing of the service.
    let asks_service = |response: &&ResponseRecord| is_gateway_error(view, response) || !view.is_edges_own(response);
    let on_its_route = view.seen.iter().filter(|seen| on_route(seen.exchange));
    let answers: Vec<&ResponseRecord> = on_its_route.filter_map(|seen| seen.response()).filter(asks_service).collect();
    // A service that restarts meanwhile answers sooner or later.
    if answers.len() < 2 || !answers.iter().all(|response| is_gateway_error(view, response)) {
        return None;
    }
    let direct: Vec<_> = view.direct.iter().filter(|direct| direct.home == home).collect();
    let answering = direct.iter().find(|direct| direct.response().is_some_and(|response| response.status < 500));
    let is_down = case.evidence.troubles.iter().any(|trouble| trouble.service.as_ref() == Some(service));
    if is_down || (answering.is_none() && !direct.is_empty()) {
        return None;
    }
    let observations = answering.map(|direct| {
        let status = direct.response().map_or(0, |response| response.status);
        Observation::new(format!("GET {} → {status}, past the edge", direct.probe.exchange.request.url))
    });
    let explains = with_exchange(case, |exchange| {
        on_route(exchange) && exchange.response.as_ref().is_some_and(|response| is_gateway_error(view, response))
    });
    let where_it_leads = if registry { "The route of the registry" } else { "The route" };
    let known = if answering.is_some() { "stands and answers when it is asked directly" } else { "was seen to stand" };
    let cause = format!(
        "{where_it_leads} to {service} on {} leads where nobody answers, while {service} {known}.",
        stack.base_url
    );
    candidate(view, home, registry, cause, observations.into_iter().collect(), explains)
}

/// Another service answers on the route.
fn another(case: &Case<'_>, view: &View<'_>, home: usize) -> Option<Candidate> {
    let other = view.another(home)?;
    let explains = with_exchange(case, |exchange| is_with(view, home, exchange));
    let (service, other) = (&view.homes[home].service, &view.homes[other].service);
    let cause = format!(
        "Below {}/ answers {other}, where {service} should: the route leads to the wrong service.",
        view.homes[home].root
    );
    candidate(view, home, false, cause, Vec::new(), explains)
}

fn candidate(
    view: &View<'_>,
    home: usize,
    registry: bool,
    cause: String,
    observations: Vec<Observation>,
    explains: Vec<SymptomId>,
) -> Option<Candidate> {
    if explains.is_empty() {
        return None;
    }
    let service = &view.homes[home].service;
    let change = |route: &str| Change::Route { route: route.to_owned(), field: RouteField::Upstream(service.clone()) };
    let changes =
        if registry { vec![change("forge-registry"), change("forge-registry-bare")] } else { vec![change(service)] };
    let fix = Fix::apply(format!("Point the route at the address where {service} listens."), changes);
    Some(Candidate { cause, fix: Some(fix), observations, explains })
}

/// A gateway error of the edge's own.
fn is_gateway_error(view: &View<'_>, response: &ResponseRecord) -> bool {
    matches!(response.status, 502..=504) && (view.is_edges_own(response) || response.header("via").is_none())
}
