//! Sessions that get lost, get in each other's way, or get to others.

pub(super) mod collision;
pub(super) mod dropped;
pub(super) mod insecure;
pub(super) mod leaked;
pub(super) mod path_too_narrow;
pub(super) mod rejected;
pub(super) mod secure_over_http;
pub(super) mod shadowed;

use super::case::Symptom;
use super::view::{Given, called, direct, given, path_of, public_url, service_of, status};
use crate::evidence::{Evidence, Exchange, FailureKind, SetCookie, StackFacts};
use crate::finding::Observation;
use crate::fix::Fix;

/// The symptom may follow from a session that isn't there: a page, a refusal or a form came that wasn't expected. What
/// isn't found, or broke, has another cause.
fn may_be_signed_out(symptom: &Symptom<'_>) -> bool {
    let is_about_answer = matches!(symptom.kind(), Some(FailureKind::Expectation | FailureKind::Scenario) | None);
    let last = symptom.of_page().last().and_then(status);
    is_about_answer && last.is_some_and(|status| status < 500 && !matches!(status, 404 | 405 | 413 | 421))
}

/// The exchanges of the symptom's page at this service, with their places in its history.
fn at_service<'a>(
    symptom: &Symptom<'a>,
    service: &str,
    history: &[&'a Exchange],
    stack: &StackFacts,
) -> Vec<(usize, &'a Exchange)> {
    let own = symptom.of_page().len();
    let first = history.len().saturating_sub(own);
    let of_step = history.iter().copied().enumerate().skip(first);
    of_step.filter(|(_, exchange)| service_of(&exchange.request.url, stack) == Some(service)).collect()
}

/// The first cookie that a browser refuses for this reason, of a service that the symptom's step goes to: of several
/// rather one that scripts can't read, as sessions are.
fn refused<'a>(symptom: &Symptom<'a>, stack: &'a StackFacts, is_it: impl Fn(&Given<'a>) -> bool) -> Option<Given<'a>> {
    if !may_be_signed_out(symptom) {
        return None;
    }
    let history = symptom.history();
    let refused = given(&history, stack).into_iter().filter(|given| given.cookie.refused.is_some() && is_it(given));
    let of_step = refused.filter(|given| !at_service(symptom, given.service, &history, stack).is_empty());
    of_step.min_by_key(|given| (!given.cookie.http_only, given.at))
}

/// The service itself sets the cookie otherwise, asked past the edge: then something on the way changes it.
fn is_changed_on_the_way(evidence: &Evidence, given: &Given<'_>, is_well: impl Fn(&SetCookie) -> bool) -> bool {
    let set = direct(evidence, given.service).filter_map(|probe| probe.exchange.response.as_ref());
    let mut set = set.flat_map(|response| &response.set_cookies).filter(|cookie| !cookie.deleted);
    set.any(|cookie| cookie.name == given.cookie.name && is_well(cookie))
}

/// The path of a service's public address, with a slash at its end.
fn root_path(service: &str, stack: &StackFacts) -> String {
    format!("{}/", path_of(&public_url(service, stack)).trim_end_matches('/'))
}

/// What is to be done where the service sets its cookie well, and something on the way changes it.
fn leave_it_alone(given: &Given<'_>) -> Fix {
    let (who, name) = (called(given.service), &given.cookie.name);
    Fix::advice(format!(
        "Asked past the edge, the {who} sets {name} as it should be: find what changes Set-Cookie on the way, and take it out."
    ))
    .line(format!("Caddyfile, route {}", given.service), "- header_down Set-Cookie")
}

fn observed(givens: &[Given<'_>]) -> Vec<Observation> {
    let mut observations: Vec<Observation> = givens.iter().map(|given| Observation::new(given.said())).collect();
    observations.sort();
    observations.dedup();
    observations.truncate(4);
    observations
}
