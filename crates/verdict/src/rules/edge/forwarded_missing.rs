//! `edge/forwarded-missing`: services aren't told, or are told wrongly, by which scheme and host a request came.

use super::{is_with, of_route};
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix, RouteField};
use crate::rules::case::{Candidate, Case, Symptom, SymptomId};
use crate::rules::view::{Claim, Reflection, Says, Taint, View};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/forwarded-missing",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "Services aren't told how a request came to the edge",
    explain: "Behind an edge a service sees the edge's connection. Which scheme, host and client a request came by it knows from \
              X-Forwarded-Proto, X-Forwarded-Host and X-Forwarded-For, which Caddy sends unless it is told otherwise. Without \
              them, or with wrong ones, programs write http addresses on an https site, and logs show one client alone.",
    told_by: "A service that shows its requests shows none, or another than the browser's; or what a service says of itself is \
              right while addresses that follow from the request have the wrong scheme. Values that come from the client itself \
              are `edge/forwarded-spoofable`.",
    remedy: "Take out `header_up -X-Forwarded-…` or whatever else sets them; behind a tunnel that ends TLS, set \
              `header_up X-Forwarded-Proto https`.",
    references: &["Caddy, reverse_proxy directive, defaults", "RFC 7239, section 5.4"],
    needs: Needs::A_STACK,
    find,
};

const FIELDS: [&str; 3] = ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-for"];

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(view) = case.view() else { return Vec::new() };
    (0..view.homes.len())
        .flat_map(|home| [by_requests(case, view, home), by_addresses(case, view, home)])
        .flatten()
        .collect()
}

/// A service that shows requests shows that they say nothing, or something else.
fn by_requests(case: &Case<'_>, view: &View<'_>, home: usize) -> Option<Candidate> {
    let mut wrong: Vec<(&str, String, Observation)> = Vec::new();
    for reflection in view.reflections().filter(|reflection| reflection.index == home) {
        for field in FIELDS {
            if let Some(what) = what_is_wrong(&reflection, field) {
                let observation =
                    reflection.seen.observation(format!("{} was asked, and {what} arrived", reflection.home.root));
                wrong.push((field, what, observation));
            }
        }
    }
    wrong.sort();
    let (_, what, _) = wrong.first()?;
    let explains: Vec<SymptomId> = case
        .open()
        .filter(|(_, symptom)| wrong.iter().any(|(field, ..)| is_about(symptom, view, home, field)))
        .map(|(id, _)| id)
        .collect();
    let (service, root) = (&view.homes[home].service, &view.homes[home].root);
    (!explains.is_empty()).then(|| Candidate {
        cause: format!(
            "{service} isn't told rightly how a request came: {what} arrived, where browsers ask {}.",
            root.origin()
        ),
        fix: Some(fix(case, service, wrong[0].0)),
        observations: wrong.iter().map(|(_, _, observation)| observation.clone()).take(4).collect(),
        explains,
    })
}

/// `no x-forwarded-proto`, `x-forwarded-proto: http`; `None` where it is right or the client sent one itself.
fn what_is_wrong(reflection: &Reflection<'_, '_>, field: &str) -> Option<String> {
    if reflection.sent(field).is_some() {
        return None;
    }
    let url = &reflection.seen.url;
    let expected = match field {
        "x-forwarded-proto" => Some(url.scheme().to_owned()),
        "x-forwarded-host" => Some(url[url::Position::BeforeHost..url::Position::AfterPort].to_owned()),
        _ => None,
    };
    match (reflection.header(field), expected) {
        (None, _) => reflection.is_whole().then(|| format!("no {field}")),
        (Some(found), Some(expected)) if !found.eq_ignore_ascii_case(&expected) => Some(format!("{field}: {found}")),
        _ => None,
    }
}

/// The failure is about that field of a request to this service.
fn is_about(symptom: &Symptom<'_>, view: &View<'_>, home: usize, field: &str) -> bool {
    symptom.failure.is_some_and(|failure| failure.message.to_ascii_lowercase().contains(field))
        && symptom.last_exchange().is_some_and(|exchange| is_with(view, home, exchange))
}

/// What a service says of itself is right, and addresses that follow from the request have another scheme.
fn by_addresses(case: &Case<'_>, view: &View<'_>, home: usize) -> Option<Candidate> {
    let own = &view.homes[home].root;
    if !view.is_told_right(home) {
        return None;
    }
    let has_other_scheme = |claim: &&Claim<'_>| {
        claim.home == home
            && !claim.is_exact
            && claim.way == crate::evidence::Way::Edge
            && matches!(&claim.says, Says::Root(root) | Says::Origin(root) if root.host == own.host && root.scheme != own.scheme)
    };
    let mut observations: Vec<Observation> =
        view.claims.iter().filter(has_other_scheme).map(|claim| claim.observation.clone()).collect();
    observations.sort();
    observations.truncate(4);
    let explains = Taint::of(view, home, None).explains(case);
    let service = &view.homes[home].service;
    (!observations.is_empty() && !explains.is_empty()).then(|| Candidate {
        cause: format!(
            "{service} was told {own}/ and hands out addresses with another scheme: it isn't told that requests came by {}.",
            own.scheme
        ),
        fix: Some(fix(case, service, "x-forwarded-proto")),
        observations,
        explains,
    })
}

fn fix(case: &Case<'_>, service: &str, field: &str) -> Fix {
    let words = field.split('-').map(|part| format!("{}{}", part[..1].to_ascii_uppercase(), &part[1..]));
    let name = words.collect::<Vec<_>>().join("-");
    let summary = format!("Let the edge send {name}, as it does unless it is told otherwise.");
    let change = Change::Route { route: service.to_owned(), field: RouteField::PassHeader(name.clone()) };
    of_route(case, RULE.code, change, &format!("header_up -{name}"), &summary)
}
