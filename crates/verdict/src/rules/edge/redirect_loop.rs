//! `edge/redirect-loop`: the edge's own redirects lead in a circle, or to a scheme that it doesn't serve.

use std::collections::BTreeMap;

use url::Url;

use crate::evidence::{Exchange, StepRecord};
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix};
use crate::rules::case::{Candidate, Case, SymptomId};
use crate::rules::view::{Hop, View, redirect_loop};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/redirect-loop",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The edge's own redirects lead in a circle",
    explain: "The edge sends browsers from an address to the same address: with automatic HTTPS behind something that ends TLS \
              before it, each request comes by http, is sent to https, and comes by http again; or a redirect's target matches \
              the redirect itself.",
    told_by: "The redirects of the circle are the edge's own: they lie outside all services, or the service itself, asked \
              directly, doesn't redirect there. A service that sends browsers to an address without its prefix is \
              `address/prefix-missing` or `app/redirect-loop`.",
    remedy: "Behind a TLS terminator give the site an `http://` address, or `auto_https off`; let a redirect match exactly \
              what it is for (`@bare path /forge`).",
    references: &["Caddy, automatic HTTPS", "RFC 9110, section 15.4"],
    needs: Needs::A_STACK,
    find,
};

/// What leads in a circle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Circle {
    /// To https, where the edge is reached by http.
    Https,
    /// The prefix without its slash, to itself.
    Bare(usize),
    /// Other addresses, by the first in their order.
    Other(String),
}

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(view) = case.view() else { return Vec::new() };
    let mut circles: BTreeMap<Circle, Vec<SymptomId>> = BTreeMap::new();
    for (id, symptom) in case.open() {
        if let Some(circle) = symptom.step.and_then(|step| circle(view, step)) {
            circles.entry(circle).or_default().push(id);
        }
    }
    circles.into_iter().map(|(circle, explains)| candidate(view, circle, explains)).collect()
}

fn circle(view: &View<'_>, step: &StepRecord) -> Option<Circle> {
    if step.trace.iter().any(|exchange| is_sent_to_https(view, exchange)) {
        return Some(Circle::Https);
    }
    let circle = redirect_loop(step)?;
    if !circle.turn.iter().all(|exchange| view.hop(exchange) == Some(Hop::Edge)) {
        return None;
    }
    let bare = circle.turn.iter().find_map(|exchange| match &view.find(exchange)?.at {
        Some((home, inner)) if inner.is_empty() => Some(*home),
        _ => None,
    });
    let least = circle.turn.iter().map(|exchange| exchange.request.url.clone()).min()?;
    Some(bare.map_or(Circle::Other(least), Circle::Bare))
}

/// The edge sends the browser to the same host and path by https, though it is reached by http.
fn is_sent_to_https(view: &View<'_>, exchange: &Exchange) -> bool {
    let Some(Hop::Edge) = view.hop(exchange) else { return false };
    let Ok(url) = Url::parse(&exchange.request.url) else { return false };
    let location = exchange.response.as_ref().and_then(|response| response.header("location"));
    let Some(next) = location.and_then(|location| Url::parse(location).ok()) else { return false };
    view.base.scheme == "http"
        && next.scheme() == "https"
        && (next.host_str(), next.path()) == (url.host_str(), url.path())
}

fn candidate(view: &View<'_>, circle: Circle, explains: Vec<SymptomId>) -> Candidate {
    let (cause, fix) = match circle {
        Circle::Https => (
            format!(
                "The edge sends whoever comes to {} by http to https, where it isn't reached: each request comes by http again.",
                view.base
            ),
            Fix::advice("Give the site an http:// address in the Caddyfile, since TLS ends before it.")
                .line("Caddyfile", format!("{} {{", view.base.origin())),
        ),
        Circle::Bare(home) => {
            let root = &view.homes[home].root;
            let change = Change::AddRedirect {
                route: format!("{}-bare", view.homes[home].service),
                path: root.prefix.clone(),
                to: format!("{}/", root.prefix),
            };
            let fix = Fix::apply(format!("Redirect {0} alone, and to {0}/.", root.prefix), vec![change]);
            (format!("The edge redirects {} to itself.", root.prefix), fix)
        }
        Circle::Other(url) => (
            format!("The edge's own redirects lead from {} back to it.", url.split('?').next().unwrap_or_default()),
            Fix::advice(
                "Let the redirect match exactly the path that it is for, and lead to one that it doesn't match.",
            ),
        ),
    };
    let observations = Vec::<Observation>::new();
    Candidate { cause, fix: Some(fix), observations, explains }
}
