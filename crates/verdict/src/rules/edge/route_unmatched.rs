//! `edge/route-unmatched`: no route of the edge takes a path that is a service's.

use std::collections::BTreeMap;

use super::lives_below_its_prefix;
use crate::evidence::{Exchange, Mode};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix};
use crate::rules::case::{Candidate, Case, SymptomId};
use crate::rules::view::{Home, Root, View, is_empty_ok};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/route-unmatched",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "No route of the edge takes a path that is a service's",
    explain: "A path that belongs to a service, or that visitors begin at, is nobody's to the edge: the prefix without its slash, \
              which `/prefix/*` doesn't match; the root; the container registry's `/v2/`, which clients ask for at the root of \
              the host whatever prefix the forge has; or a whole prefix whose route is missing or matches less than it should. \
              Caddy answers 200 without content there, which no status check tells from a page.",
    told_by: "The answer is the edge's own: a success without content and media type, or word for word what it answers at an \
              address that is nobody's. A service that is down gives a 502, a service that doesn't know the path its own 404 \
              (`edge/prefix-kept`).",
    remedy: "Add the route. A redirect of everything in a block is `redir * /forge/ 302`: without the `*` Caddy takes the target \
              for a matcher.",
    references: &[
        "Caddy, request matchers, path; redir directive",
        "OCI Distribution Specification, Endpoints",
        "RFC 9110, section 15.5.5",
    ],
    needs: Needs::A_STACK,
    find,
};

/// What the edge doesn't route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lost {
    /// The root of the shared origin.
    Root,
    /// A prefix without its slash.
    Bare(usize),
    /// The registry at the root of the host.
    Registry(usize),
    /// All of a service.
    Service(usize),
    /// Some of a service's paths.
    Some(usize),
}

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(view) = case.view() else { return Vec::new() };
    let mut lost: BTreeMap<Lost, Vec<SymptomId>> = BTreeMap::new();
    for (id, symptom) in case.open() {
        let Some(step) = symptom.step else { continue };
        if let Some(what) = step.trace.iter().find_map(|exchange| of(view, exchange)) {
            lost.entry(what).or_default().push(id);
        }
    }
    lost.into_iter().filter_map(|(what, explains)| candidate(view, what, explains)).collect()
}

fn of(view: &View<'_>, exchange: &Exchange) -> Option<Lost> {
    let seen = view.find(exchange)?;
    seen.response().filter(|response| view.is_nobodys_answer(response))?;
    let Some((home, inner)) = &seen.at else {
        let is_root = view.mode == Mode::Subpath && seen.url.path() == "/";
        let is_own = Root::of(&seen.url).is_some_and(|root| root.is_same_origin(&view.base));
        return (is_root && is_own).then_some(Lost::Root);
    };
    let root = &view.homes[*home].root;
    if !root.covers(&seen.url) {
        return Some(Lost::Registry(*home));
    }
    if inner.is_empty() {
        return Some(Lost::Bare(*home));
    }
    // Not its own idea of its address, with the prefix twice.
    if !root.prefix.is_empty() && root.inner(inner).is_some() {
        return None;
    }
    let is_there = view.with(*home).any(|(other, _)| {
        root.covers(&other.url)
            && other.response().is_some_and(|response| response.status < 500 && !view.is_nobodys_answer(response))
    });
    Some(if is_there { Lost::Some(*home) } else { Lost::Service(*home) })
}

fn candidate(view: &View<'_>, what: Lost, explains: Vec<SymptomId>) -> Option<Candidate> {
    let empty = view.seen.iter().filter_map(|seen| seen.response()).any(is_empty_ok);
    let answers = if empty { "an empty 200" } else { "what it answers where nobody is" };
    let (cause, fix) = match what {
        Lost::Root => {
            let home = view.homes.iter().find(|home| home.service == "forge").or(view.homes.first())?;
            let to = format!("{}/", home.root.prefix);
            let change = Change::AddRedirect { route: "root".to_owned(), path: "/".to_owned(), to: to.clone() };
            let summary = format!("Redirect the root to {to}.");
            (
                format!("No route takes the root of {}: visitors get {answers}.", view.base),
                Fix::apply(summary, vec![change]),
            )
        }
        Lost::Bare(home) => {
            let Home { service, root } = &view.homes[home];
            let to = format!("{}/", root.prefix);
            let change =
                Change::AddRedirect { route: format!("{service}-bare"), path: root.prefix.clone(), to: to.clone() };
            let cause = format!("No route takes {} without its slash: the edge answers {answers}.", root.prefix);
            (cause, Fix::apply(format!("Redirect {} to {to}.", root.prefix), vec![change]))
        }
        Lost::Registry(home) => {
            let service = &view.homes[home].service;
            let route = |route: &str, path: &str| Change::AddRoute {
                route: route.to_owned(),
                service: service.clone(),
                path: path.to_owned(),
                strip_prefix: None,
            };
            let changes = vec![route("forge-registry", "/v2/*"), route("forge-registry-bare", "/v2")];
            let cause = format!(
                "No route takes /v2/ at the root of {}, where clients of a container registry ask: they get {answers}.",
                view.base
            );
            (cause, Fix::apply(format!("Route /v2/ to {service} as it is, without taking a prefix off."), changes))
        }
        Lost::Service(home) | Lost::Some(home) => {
            let Home { service, root } = &view.homes[home];
            let (route, which) = match what {
                Lost::Some(_) => (format!("{service}-rest"), "some of the paths"),
                _ => (service.clone(), "the paths"),
            };
            let strip_prefix = (!root.prefix.is_empty() && !wants_prefix(view, home)).then(|| root.prefix.clone());
            let path = view.homes[home].route_path();
            let summary = format!("Route {path} of {} to {service}.", root.origin());
            let change = Change::AddRoute { route, service: service.clone(), path, strip_prefix };
            let cause =
                format!("No route takes {which} below {root}/, which are {service}'s: the edge answers {answers}.");
            (cause, Fix::apply(summary, vec![change]))
        }
    };
    Some(Candidate { cause, fix: Some(fix), observations: Vec::new(), explains })
}

/// The service lives below its prefix by itself: as it was found when it was asked directly, or as the program does.
fn wants_prefix(view: &View<'_>, home: usize) -> bool {
    let forms = view.forms(home);
    match forms.wants_prefix.cmp(&forms.wants_none) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => lives_below_its_prefix(&view.homes[home].service),
    }
}
