//! `edge/host-rewritten`: a service sees another `Host` than the browser sent.

use super::{is_with, of_route};
use crate::evidence::Exchange;
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, RouteField};
use crate::rules::case::{Candidate, Case, Symptom, SymptomId};
use crate::rules::view::{Claim, Root, Says, Seen, Taint, View, without_query};
use crate::rules::{Needs, Rule};
use crate::sentence::excerpt;

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/host-rewritten",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A service sees another Host than the browser sent",
    explain: "Caddy passes Host on as it came; some set it to the upstream's, as nginx does by default. A program that goes by it \
              hands out addresses on that host, and one that compares it with Origin takes every form for a forgery: Gitea's \
              login works, and the consent to a sign-in ends in 403.",
    told_by: "A service shows its request, and Host is another; or what it says of itself is right while addresses that follow \
              from the request name another host. Where what it says of itself is wrong too, it was told so \
              (`address/internal`, `address/host`).",
    remedy: "Take out `header_up Host`; before nginx, `proxy_set_header Host $http_host`.",
    references: &[
        "RFC 9110, section 7.2",
        "Caddy, reverse_proxy directive, defaults",
        "Gitea, server.PUBLIC_URL_DETECTION",
    ],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(view) = case.view() else { return Vec::new() };
    (0..view.homes.len()).filter_map(|home| of(case, view, home)).collect()
}

fn of(case: &Case<'_>, view: &View<'_>, home: usize) -> Option<Candidate> {
    let own = &view.homes[home].root;
    let (mut hosts, mut observations, mut explains) = reflected(case, view, home);
    let wrong: Vec<&Claim<'_>> =
        view.claims.iter().filter(|claim| claim.home == home && has_other_host(claim, own)).collect();
    let has_right = view.claims.iter().any(|claim| follows_host(claim, home) && !has_other_host(claim, own));
    if view.is_told_right(home) && !wrong.is_empty() && !has_right {
        hosts.extend(wrong.iter().filter_map(|claim| match &claim.says {
            Says::Root(root) | Says::Origin(root) => Some(root.host.clone()),
            _ => None,
        }));
        observations.extend(wrong.iter().map(|claim| claim.observation.clone()));
        explains.extend(Taint::of(view, home, None).explains(case));
    }
    let refused = refused_forms(view, home);
    if !refused.is_empty() {
        observations.extend(refused.iter().map(|seen| {
            seen.observation(format!(
                "POST {}, from a page of the same origin → 403: {}",
                without_query(&seen.exchange.request.url),
                excerpt(seen.response().and_then(|response| response.body_excerpt.as_deref()).unwrap_or_default())
            ))
        }));
        let is_refused = |exchange: &Exchange| refused.iter().any(|seen| std::ptr::eq(seen.exchange, exchange));
        explains.extend(super::with_exchange(case, is_refused));
    }
    explains.sort_unstable();
    explains.dedup();
    observations.sort();
    observations.truncate(4);
    hosts.sort();
    let host = hosts.first().map_or("another host", String::as_str);
    let service = &view.homes[home].service;
    let change = Change::Route { route: service.clone(), field: RouteField::PassHeader("Host".to_owned()) };
    (!explains.is_empty()).then(|| Candidate {
        cause: format!(
            "{service} sees requests for {host}, while browsers ask for {}: Host is rewritten on the way.",
            own.host
        ),
        fix: Some(of_route(
            case,
            RULE.code,
            change,
            "header_up Host",
            &format!("Pass Host on to {service} as it came."),
        )),
        observations,
        explains,
    })
}

/// An address that follows from the request, on another host. Past the edge Host is what browsers send.
fn has_other_host(claim: &Claim<'_>, own: &Root) -> bool {
    let is_through = claim.way == crate::evidence::Way::Edge;
    is_through
        && !claim.is_exact
        && matches!(&claim.says, Says::Root(root) | Says::Origin(root) if root.host != own.host)
}

/// An address that may follow from the request's Host, through the edge.
fn follows_host(claim: &Claim<'_>, home: usize) -> bool {
    claim.home == home
        && !claim.is_exact
        && claim.way == crate::evidence::Way::Edge
        && matches!(&claim.says, Says::Root(_) | Says::Origin(_))
}

/// What a service that shows requests shows of Host.
fn reflected(case: &Case<'_>, view: &View<'_>, home: usize) -> (Vec<String>, Vec<Observation>, Vec<SymptomId>) {
    let mut found = (Vec::new(), Vec::new(), Vec::new());
    for reflection in view.reflections().filter(|reflection| reflection.index == home) {
        let url = &reflection.seen.url;
        let asked = url[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
        let Some(host) = reflection.header("host").filter(|host| !host.eq_ignore_ascii_case(&asked)) else { continue };
        found.1.push(
            reflection.seen.observation(format!("asked for {asked}, {} saw Host: {host}", reflection.home.service)),
        );
        found.0.push(host);
    }
    if let Some(host) = found.0.first() {
        let is_about = |symptom: &Symptom<'_>| {
            let names = symptom.failure.is_some_and(|failure| {
                failure.found.as_ref().is_some_and(|text| text.contains(host.as_str()))
                    || failure.message.contains("headers.host")
            });
            names && symptom.last_exchange().is_some_and(|exchange| is_with(view, home, exchange))
        };
        found.2 = case.open().filter(|(_, symptom)| is_about(symptom)).map(|(id, _)| id).collect();
    }
    found
}

/// Forms of the service's own that it takes for another site's: it compares `Origin`, which is right, with `Host`.
fn refused_forms<'v, 'a>(view: &'v View<'a>, home: usize) -> Vec<&'v Seen<'a>> {
    let origin = view.homes[home].root.origin();
    let is_refused = |seen: &&Seen<'a>| {
        let request = &seen.exchange.request;
        let is_own =
            request.headers.iter().any(|(name, value)| name.eq_ignore_ascii_case("origin") && *value == origin);
        let response = seen.response().filter(|response| response.status == 403 && !view.is_edges_own(response));
        let words = response.and_then(|response| response.body_excerpt.as_deref()).unwrap_or_default();
        request.method == "POST" && is_own && words.to_ascii_lowercase().contains("origin")
    };
    view.with(home).map(|(seen, _)| seen).filter(is_refused).collect()
}
