//! `service/down`: a service of ours takes no connections, and nobody said that it died.

use crate::evidence::Exchange;
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix};
use crate::rules::case::{Candidate, Case};
use crate::rules::service::follows;
use crate::rules::view::seen;
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "service/down",
    class: Class::Infrastructure,
    severity: Severity::Error,
    title: "A service takes no connections",
    explain: "The service is part of the stack, and nobody can connect to it, past the edge either: it isn't listening, or not \
              where it should. The gateway errors on its route follow from that, and nothing is claimed about the site.",
    told_by: "Each attempt to ask the service directly ends without an answer. Where it answers directly and the edge has none, \
              the route's upstream is wrong; where the engine says that the container ended, that is `stack/service-died`.",
    remedy: "Start it, and read its log for why it wasn't running: `docker compose up -d SERVICE`, `docker compose logs SERVICE`.",
    references: &["RFC 9110, section 15.6.3"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = case.own_stack() else { return Vec::new() };
    let is_told_of = |name: &str| case.evidence.troubles.iter().any(|trouble| trouble.service.as_deref() == Some(name));
    let names = stack.services.iter().map(|service| service.name.as_str()).filter(|name| !is_told_of(name));
    names
        .filter_map(|name| {
            let direct: Vec<_> = case.direct(name).collect();
            let observations: Vec<_> = direct.iter().take(2).map(|probe| seen(probe, "")).collect();
            if direct.is_empty() || !direct.iter().all(|probe| is_silent(&probe.exchange)) {
                return None;
            }
            let explains: Vec<usize> =
                case.open().filter(|(_, symptom)| follows(symptom, name, stack)).map(|(id, _)| id).collect();
            if explains.is_empty() {
                return None;
            }
            let start = Change::Start { service: name.to_owned() };
            Some(Candidate {
                cause: format!(
                    "{name} takes no connections, past the edge either: it isn't running, or not listening."
                ),
                fix: Some(Fix::apply(format!("Start {name}."), vec![start])),
                observations,
                explains,
            })
        })
        .collect()
}

fn is_silent(exchange: &Exchange) -> bool {
    exchange.response.is_none() && exchange.error.is_some()
}
