//! `cookie/dropped`: browsers send the session, and the service doesn't see it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::case::{Candidate, Case};
use super::super::view::{all, called, given, sent, service_of, status};
use super::super::{Needs, Rule};
use super::{at_service, may_be_signed_out};
use crate::evidence::{Evidence, Exchange, Outcome, StackFacts};
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix, RouteField};

pub(in super::super) static RULE: Rule = Rule {
    code: "cookie/dropped",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The session cookie is lost on the way to its service",
    explain: "The browser has the session and sends it, and the service answers as it does to a stranger: the edge takes \
              cookies off on the way to it, which is right for services that are not trusted and wrong for one that has \
              sessions of its own. A service that forgets its sessions, or whose instances don't share them, looks alike.",
    told_by: "A request carries the cookie that the service set, browsers accepted it, and the service answers 401, or \
              gives the browser a new session as it does to strangers. A cookie that was refused, shadowed or not sent \
              has another code.",
    remedy: "Let cookies through on the service's route: take `request_header -Cookie` out of it in Caddy. If they do get \
             through, look at where the service keeps its sessions.",
    references: &["RFC 6265, section 5.4", "Caddy: request_header"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    if case.open().next().is_none() {
        return Vec::new();
    }
    let blind = unseen(case.evidence, stack);
    let mut explained: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (id, symptom) in case.open().filter(|(_, symptom)| may_be_signed_out(symptom)) {
        let history = symptom.history();
        let is_concerned = |service: &&str| {
            let own = at_service(symptom, service, &history, stack);
            own.iter().any(|(_, exchange)| blind[*service].iter().any(|name| sent(exchange).contains(&name.as_str())))
        };
        if let Some(service) = blind.keys().copied().find(is_concerned) {
            explained.entry(service).or_default().push(id);
        }
    }
    let candidate = |(service, explains): (&str, Vec<usize>)| {
        let who = called(service);
        let names: Vec<&str> = blind[service].iter().map(String::as_str).collect();
        Candidate {
            cause: format!(
                "Browsers send {} to the {who}, which set it, and the {who} answers as it does to strangers: the \
                 edge takes cookies off on that route, or the {who} forgets its sessions.",
                crate::sentence::list(&names)
            ),
            fix: Some(Fix::apply(
                format!("Let cookies through to the {who}."),
                vec![Change::Route { route: service.to_owned(), field: RouteField::Cookies(true) }],
            )),
            observations: vec![Observation::new(format!("{} goes along and isn't seen", names.join(", ")))],
            explains,
        }
    };
    explained.into_iter().map(candidate).collect()
}

/// Services, each with cookies of its own that it was sent and didn't see.
fn unseen<'a>(evidence: &'a Evidence, stack: &'a StackFacts) -> BTreeMap<&'a str, BTreeSet<String>> {
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut of_strangers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for journey in &evidence.journeys {
        let exchanges: Vec<&Exchange> = journey.steps.iter().flat_map(|step| &step.trace).collect();
        let givens = given(&exchanges, stack);
        let outcomes = journey.steps.iter().flat_map(|step| step.trace.iter().map(|_| step.outcome));
        for ((at, exchange), outcome) in exchanges.iter().enumerate().zip(outcomes) {
            let Some(service) = service_of(&exchange.request.url, stack) else { continue };
            if sent(exchange).is_empty() {
                continue;
            }
            let is_read = matches!(exchange.request.method.as_str(), "GET" | "HEAD");
            let has_other_credentials =
                exchange.request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
            if !is_read || has_other_credentials {
                continue;
            }
            // Only sessions: what scripts may read, and what browsers refused, is none.
            let sent = sent(exchange);
            let own = givens.iter().filter(|given| {
                let cookie = given.cookie;
                given.service == service && given.at < at && cookie.http_only && cookie.refused.is_none()
            });
            let own: BTreeSet<&str> = own.map(|given| given.cookie.name.as_str()).collect();
            let own: BTreeSet<&str> =
                own.into_iter().filter(|name| sent.iter().filter(|sent| *sent == name).count() == 1).collect();
            let strangers = of_strangers.entry(service).or_insert_with(|| given_to_strangers(evidence, service, stack));
            let anew = anew(exchange);
            let known: BTreeSet<&str> = own.intersection(strangers).copied().collect();
            // All that a stranger is given was sent, and is given out once more. Of somebody who has signed out a part
            // is left, and the rest is given anew.
            let is_whole = !known.is_empty() && known.len() == strangers.len();
            let is_given_anew = is_whole && known.iter().all(|name| anew.contains(name));
            if is_given_anew {
                found.entry(service).or_default().extend(known.into_iter().map(str::to_owned));
            } else if status(exchange) == Some(401) && outcome == Outcome::Failed && !own.is_empty() {
                // Where a refusal was expected the cookie was a stale one.
                found.entry(service).or_default().extend(own.into_iter().map(str::to_owned));
            }
        }
    }
    found
}

/// The names of the cookies that a response sets.
fn anew(exchange: &Exchange) -> BTreeSet<&str> {
    let set = exchange.response.iter().flat_map(|response| &response.set_cookies);
    set.filter(|cookie| !cookie.deleted).map(|cookie| cookie.name.as_str()).collect()
}

/// What the service gives whoever comes without cookies, with any page: its sessions for strangers.
fn given_to_strangers<'a>(evidence: &'a Evidence, service: &str, stack: &StackFacts) -> BTreeSet<&'a str> {
    let of_journeys = all(evidence).filter(|exchange| service_of(&exchange.request.url, stack) == Some(service));
    let of_probes = evidence.probes.iter().filter(|probe| probe.service == service).map(|probe| &probe.exchange);
    let pages = of_journeys.chain(of_probes).filter(|exchange| sent(exchange).is_empty() && is_page(exchange));
    let mut sets = pages.map(anew).filter(|names| !names.is_empty());
    let first = sets.next().unwrap_or_default();
    // What some pages give and others don't is no session.
    sets.fold(first, |common, names| common.intersection(&names).copied().collect())
}

fn is_page(exchange: &Exchange) -> bool {
    let kind = exchange.response.as_ref().and_then(|response| response.header("content-type"));
    status(exchange) == Some(200) && kind.is_some_and(|kind| kind.starts_with("text/html"))
}
