//! `edge/admin-open`: strangers reach the edge's admin API.

use std::collections::BTreeMap;

use url::Url;

use crate::evidence::{Exchange, Probe, ResponseRecord, StackFacts, StackKind, Way};
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix};
use crate::rules::case::{Candidate, Case};
use crate::rules::view::{origin, seen, seen_in, target};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/admin-open",
    class: Class::Security,
    severity: Severity::Error,
    title: "The edge's admin API answers strangers",
    explain: "Caddy's admin API hands out its whole configuration, the secrets in it included, and takes another one from \
              whoever asks, without a password. On any other address than loopback or a socket each neighbour on the network \
              owns the site: a container of a build is one.",
    told_by: "Somebody who isn't the edge itself asked for the configuration and got one: an answer of JSON with the members \
              that Caddy's has. A port that merely accepts connections isn't called so.",
    remedy: "`admin off` in Caddy's global options, or `admin localhost:2019`, or a Unix socket.",
    references: &["Caddy, API, \"Upgrading to production\"", "Caddyfile, global options, admin"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let mut found: BTreeMap<String, Vec<Observation>> = BTreeMap::new();
    let gives_its_own = |exchange: &Exchange| gives_a_configuration(exchange) && is_the_edges(exchange, stack);
    for (journey, step, exchange) in case.exchanges().filter(|(_, _, exchange)| gives_its_own(exchange)) {
        let url = exchange.request.url.as_str();
        let text = format!("GET {url} → 200, with the edge's configuration");
        found.entry(origin(url)).or_default().push(seen_in(journey, step, text));
    }
    for probe in case.evidence.probes.iter().filter(|probe| is_at_the_edge(probe) || gives_its_own(&probe.exchange)) {
        let from = if probe.way == Way::Direct { ", for a neighbour on its network" } else { "" };
        found.entry(origin(&probe.exchange.request.url)).or_default().push(seen(probe, from));
    }
    if found.is_empty() {
        return Vec::new();
    }
    let places: Vec<&str> = found.keys().map(String::as_str).collect();
    let is_open_door = |url: &str| found.contains_key(&origin(url));
    let explains = case
        .open()
        .filter(|(_, symptom)| {
            symptom.last_url().is_some_and(is_open_door) && symptom.last_exchange().is_some_and(is_about_it)
        })
        .map(|(id, _)| id)
        .collect();
    let cause = format!(
        "The edge's admin API answers whoever asks at {}: its configuration can be read there, and replaced.",
        crate::sentence::list(&places)
    );
    let change = Change::Directive { name: "admin".to_owned(), value: Some("admin off".to_owned()) };
    let fix = Fix::apply("Close the admin API, or bind it to loopback or to a socket.", vec![change]);
    let observations = found.into_values().flatten().collect();
    vec![Candidate { cause, fix: Some(fix), observations, explains }]
}

/// The request was for the API: its port, or one of its paths.
fn is_about_it(exchange: &Exchange) -> bool {
    exchange.request.url.contains(":2019")
        || is_path_of_the_api(&exchange.request.url)
        || gives_a_configuration(exchange)
}

fn is_path_of_the_api(url: &str) -> bool {
    let path = target(url).split('?').next().unwrap_or_default();
    path == "/load" || path == "/config" || path.starts_with("/config/")
}

/// A neighbour asked the edge itself.
fn is_at_the_edge(probe: &Probe) -> bool {
    probe.way == Way::Direct && probe.service == "edge" && gives_a_configuration(&probe.exchange)
}

/// The configuration is that of the site's edge. A stack of ours answers on loopback, where another Caddy of the machine's may
/// have its admin API, as it has by itself; so there the site's port must stand in it.
fn is_the_edges(exchange: &Exchange, stack: &StackFacts) -> bool {
    if stack.kind == StackKind::External {
        return true;
    }
    let port = Url::parse(&stack.base_url).ok().and_then(|url| url.port_or_known_default());
    let text = exchange.response.as_ref().and_then(|response| response.body_excerpt.as_deref()).unwrap_or_default();
    port.is_some_and(|port| text.contains(&format!(":{port}\"")))
}

/// An answer with Caddy's configuration in it.
fn gives_a_configuration(exchange: &Exchange) -> bool {
    let Some(response) = exchange.response.as_ref().filter(|response| response.status == 200) else { return false };
    let path = target(&exchange.request.url).split('?').next().unwrap_or_default();
    (path == "/config" || path.starts_with("/config/")) && is_json(response) && has_members(response)
}

fn is_json(response: &ResponseRecord) -> bool {
    response.header("content-type").is_some_and(|value| value.starts_with("application/json"))
}

/// Members that stand at the top of a configuration with a site in it.
fn has_members(response: &ResponseRecord) -> bool {
    let text: String =
        response.body_excerpt.iter().flat_map(|text| text.chars()).filter(|c| !c.is_whitespace()).collect();
    text.starts_with('{') && text.contains("\"apps\":{") && (text.contains("\"http\":") || text.contains("\"admin\":"))
}
