//! `service/failing`: a service answers with an error of its own.

use std::collections::BTreeMap;

use crate::evidence::Exchange;
use crate::finding::{Class, Observation, Severity};
use crate::fix::Fix;
use crate::rules::case::{Candidate, Case};
use crate::rules::view::{came_through, is_of_site, seen, service_of, status};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "service/failing",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A service answers with an error of its own",
    explain: "The service runs and answers 500 or another 5xx, whichever way it is asked: the edge only passes that on. A \
              setting that it can't work with, a database or another service that it can't reach are the usual reasons, and \
              its log names them.",
    told_by: "A 5xx that isn't a gateway's, past the edge as well, or with the `Via` of an answer from behind the edge. One that \
              is gone when it is asked again is `service/unsteady`.",
    remedy: "Read the service's log at the time of the request.",
    references: &["RFC 9110, section 15.6.1"],
    needs: Needs::A_STACK,
    find,
};

/// How many lines of a log are shown.
const SHOWN: usize = 10;

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let by_service: BTreeMap<(&str, u16), Vec<usize>> = case.open_by(|symptom| {
        let exchange = symptom.last_exchange().filter(|exchange| is_an_error(exchange))?;
        let url = exchange.request.url.as_str();
        let service = service_of(url, stack).filter(|_| is_of_site(url, stack))?;
        let mut direct = case.directly(url).peekable();
        let is_its_own = match direct.peek() {
            Some(_) => direct.any(|probe| is_an_error(&probe.exchange)),
            None => exchange.response.as_ref().is_some_and(came_through),
        };
        is_its_own.then_some((service, status(exchange)?))
    });
    let candidate = |((service, status), explains): ((&str, u16), Vec<usize>)| {
        let urls = explains.iter().filter_map(|id| case.symptoms.get(*id)?.last_url());
        let direct = urls.flat_map(|url| case.directly(url)).filter(|probe| is_an_error(&probe.exchange));
        let mut observations: Vec<Observation> = direct.map(|probe| seen(probe, "")).collect();
        observations.sort();
        observations.dedup();
        observations.truncate(4);
        let log = case.evidence.logs.iter().find(|log| log.service == service);
        observations.extend(log.map(|log| Observation {
            quote: log.lines[log.lines.len().saturating_sub(SHOWN)..].to_vec(),
            ..Observation::new(format!("the last lines of {service}'s log"))
        }));
        Candidate {
            cause: format!("{service} itself answers {status}, whichever way it is asked: its log says why."),
            fix: Some(Fix::advice(format!("Read {service}'s log for that request, and put right what it names."))),
            observations,
            explains,
        }
    };
    by_service.into_iter().map(candidate).collect()
}

/// An error of a service's own: not a gateway's.
fn is_an_error(exchange: &Exchange) -> bool {
    matches!(status(exchange), Some(500 | 501 | 505..=599))
        || (status(exchange) == Some(503) && exchange.response.as_ref().is_some_and(came_through))
}
