//! `cookie/collision`: two services of one origin give their cookies the same name.

use std::collections::{BTreeMap, BTreeSet};

use super::super::case::{Candidate, Case};
use super::super::view::{Given, all, called, covers, given, sent, service_of};
use super::super::{Needs, Rule};
use super::observed;
use crate::evidence::{FailureKind, Mode};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix};
use crate::sentence::list;

pub(in super::super) static RULE: Rule = Rule {
    code: "cookie/collision",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "Two services use one name for their cookies",
    explain: "Services below prefixes of one origin share its cookie jar. Two that use one name for their sessions \
              overwrite each other's, or are sent both and take the wrong one: who signs in to one is signed out of the \
              other.",
    told_by: "The same name was set by two services, for paths of which one lies within the other. Two cookies of one \
              service under different paths are `cookie/shadowed`.",
    remedy: "Give one of them another name, for Forgejo and Gitea by GITEA__session__COOKIE_NAME; or a host of its own.",
    references: &["RFC 6265, sections 5.3 and 5.4", "Gitea and Forgejo, configuration: session.COOKIE_NAME"],
    needs: Needs { modes: &[Mode::Subpath], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    if case.open().next().is_none() {
        return Vec::new();
    }
    let exchanges: Vec<_> = all(case.evidence).collect();
    let mut names: BTreeMap<&str, Vec<Given<'_>>> = BTreeMap::new();
    for given in given(&exchanges, stack).into_iter().filter(|given| given.cookie.refused.is_none()) {
        let same = names.entry(&given.cookie.name).or_default();
        if !same.iter().any(|other| (other.service, other.path()) == (given.service, given.path())) {
            same.push(given);
        }
    }
    names
        .into_iter()
        .filter_map(|(name, givens)| {
            let overlap = |one: &Given<'_>, other: &Given<'_>| {
                one.service != other.service
                    && (covers(&one.path(), &other.path()) || covers(&other.path(), &one.path()))
            };
            let colliding: Vec<Given<'_>> =
                givens.iter().copied().filter(|one| givens.iter().any(|other| overlap(one, other))).collect();
            let services: BTreeSet<&str> = colliding.iter().map(|given| given.service).collect();
            let concerns = |exchange: &&crate::evidence::Exchange| {
                let is_theirs =
                    service_of(&exchange.request.url, stack).is_some_and(|service| services.contains(service));
                let sets = exchange.response.iter().flat_map(|response| &response.set_cookies);
                is_theirs && (sent(exchange).contains(&name) || sets.into_iter().any(|cookie| cookie.name == name))
            };
            let explains: Vec<usize> = case
                .open()
                .filter(|(_, symptom)| symptom.kind() == Some(FailureKind::Expectation))
                .filter(|(_, symptom)| symptom.step.is_some_and(|step| step.trace.iter().any(|it| concerns(&it))))
                .map(|(id, _)| id)
                .collect();
            if services.len() < 2 || explains.is_empty() {
                return None;
            }
            let named: Vec<&str> = services.iter().copied().map(called).collect();
            let fix = if services.contains("forge") {
                Fix::apply(
                    "Leave the forge's session cookie the name that the forge gives it by itself.",
                    vec![Change::Setting {
                        service: "forge".to_owned(),
                        name: "GITEA__session__COOKIE_NAME".to_owned(),
                        value: None,
                    }],
                )
            } else {
                Fix::advice(format!("Give the cookie {name} another name at one of {}.", list(&named)))
            };
            Some(Candidate {
                cause: format!(
                    "The {} both set a cookie {name} on the same origin, and get in each other's way.",
                    list(&named)
                ),
                fix: Some(fix),
                observations: observed(&colliding),
                explains,
            })
        })
        .collect()
}
