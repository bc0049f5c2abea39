//! `cookie/for-the-whole-origin`: a service below a prefix sets a cookie for all services of the origin.

use std::collections::BTreeMap;

use super::case::{Candidate, Case};
use super::{Needs, Rule};
use crate::evidence::Mode;
use crate::finding::{Class, Observation, Place, Severity};
use crate::sentence::clause;

pub(super) static RULE: Rule = Rule {
    code: "cookie/for-the-whole-origin",
    class: Class::Note,
    severity: Severity::Note,
    title: "A service's cookie goes to all services of the origin",
    explain: "Under subpaths the services share an origin. A cookie with `Path=/` that one of them sets, browsers send to all \
              others as well. Woodpecker 3 writes its session so and has no setting for it. It is harmless where the others \
              are trusted, or where the edge takes cookies off on the way to those that are not, as it does for staging; with \
              a host for each service the question doesn't arise.",
    told_by: "A cookie set below a prefix with `Path=/`. Whether another service in fact receives it is told by \
              that service.",
    remedy: "Take cookies off at the edge on the way to services that are not trusted: `request_header -Cookie` \
              in Caddy.",
    references: &["RFC 6265, section 4.1.2.4"],
    needs: Needs { stacks: &[], modes: &[Mode::Subpath], services: &[] },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let base = case.evidence.stack.as_ref().map(|stack| stack.base_url.as_str()).unwrap_or_default();
    let mut cookies: BTreeMap<(String, &str), Vec<Observation>> = BTreeMap::new();
    for journey in &case.evidence.journeys {
        for step in &journey.steps {
            for exchange in &step.trace {
                let Some(service) = prefix(&exchange.request.url, base) else { continue };
                let set = exchange.response.iter().flat_map(|response| &response.set_cookies);
                for cookie in set.filter(|cookie| !cookie.deleted && cookie.path.as_deref() == Some("/")) {
                    let observations = cookies.entry((service.clone(), &cookie.name)).or_default();
                    let text = format!("{} {} sets {}", exchange.request.method, exchange.request.url, cookie.name);
                    let place = Place { file: step.file.clone(), line: step.line, column: 1 };
                    let scenario = Some(journey.name.clone());
                    observations.push(Observation { text, scenario, place: Some(place), quote: Vec::new() });
                }
            }
        }
    }
    let candidate = |((service, name), mut observations): ((String, &str), Vec<Observation>)| {
        observations.sort();
        observations.truncate(1);
        let cause = clause(&format!(
            "{service} sets the cookie {name} with Path=/, so that it reaches every service of {base}"
        ));
        Candidate { cause, fix: None, observations, explains: Vec::new() }
    };
    cookies.into_iter().map(candidate).collect()
}

/// `/ci` of a URL below the base's `/ci/`; `None` at the root, where `Path=/` is the cookie's own.
fn prefix(url: &str, base: &str) -> Option<String> {
    let rest = url.strip_prefix(base)?.strip_prefix('/')?;
    let (prefix, _) = rest.split_once('/').or_else(|| rest.split_once('?'))?;
    (!prefix.is_empty()).then(|| format!("/{prefix}"))
}
