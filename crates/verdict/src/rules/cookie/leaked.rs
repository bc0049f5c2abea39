//! `cookie/leaked`: a service receives the sessions of others.

use std::collections::{BTreeMap, BTreeSet};

use super::super::case::{Candidate, Case, Symptom};
use super::super::view::{all, body, called, given, sent, service_of};
use super::super::{Needs, Rule};
use crate::evidence::{Evidence, FailureKind, StackFacts};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix, RouteField};
use crate::sentence::list;

pub(in super::super) static RULE: Rule = Rule {
    code: "cookie/leaked",
    class: Class::Security,
    severity: Severity::Error,
    title: "A service receives the sessions of others",
    explain: "Services that share an origin share its cookies: one with `Path=/` goes to all of them. A service that runs \
              anybody's code, as a staging site does, can take its visitors' sessions for the others.",
    told_by: "The service itself shows that it received a cookie that another one set, where none was to arrive. That a \
              cookie is set for the whole origin is by itself a note.",
    remedy: "Take cookies off on the way to that service: `request_header -Cookie` on its route in Caddy. Where it needs \
              cookies of its own, give it a host of its own.",
    references: &["RFC 6265, section 8.5"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let mut services: BTreeMap<&str, (BTreeSet<&str>, Vec<usize>)> = BTreeMap::new();
    for (id, symptom) in case.open() {
        if let Some((service, names)) = leaked(symptom, case.evidence, stack) {
            let (all, explains) = services.entry(service).or_default();
            all.extend(names);
            explains.push(id);
        }
    }
    let candidate = |(service, (names, explains)): (&str, (BTreeSet<&str>, Vec<usize>))| {
        let names: Vec<&str> = names.into_iter().collect();
        let who = called(service);
        let (noun, verb) =
            if names.len() == 1 { ("cookie", "is another service's") } else { ("cookies", "are other services'") };
        Candidate {
            cause: format!("The {who} receives, and shows, the {noun} {}, which {verb}.", list(&names)),
            fix: Some(Fix::apply(
                format!("Take cookies off requests on their way to the {who}."),
                vec![Change::Route { route: service.to_owned(), field: RouteField::Cookies(false) }],
            )),
            observations: Vec::new(),
            explains,
        }
    };
    services.into_iter().map(candidate).collect()
}

/// A service that was to receive no cookie shows one that was sent and that another service sets.
fn leaked<'a>(symptom: &Symptom<'a>, evidence: &'a Evidence, stack: &'a StackFacts) -> Option<(&'a str, Vec<&'a str>)> {
    let last = symptom.last_exchange()?;
    let service = service_of(&last.request.url, stack)?;
    let found = symptom.failure.filter(|it| it.kind == FailureKind::Expectation)?.found.as_deref()?;
    let shown = |text: &str, name: &str| text.contains(&format!("{name}="));
    let mut names: BTreeSet<&str> =
        sent(last).into_iter().filter(|name| shown(body(last), name) && shown(found, name)).collect();
    if names.is_empty() {
        return None;
    }
    let exchanges: Vec<_> = all(evidence).collect();
    let givens = given(&exchanges, stack);
    let is_anothers = |name: &&str| {
        let mut setters = givens.iter().filter(|given| given.cookie.name == *name).map(|given| given.service);
        let is_set = setters.next().is_some_and(|first| first != service);
        is_set && setters.all(|other| other != service)
    };
    names.retain(is_anothers);
    (!names.is_empty()).then(|| (service, names.into_iter().collect()))
}
