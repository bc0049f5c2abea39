//! `edge/prefix-not-added`: on a host of its own a service is asked without the prefix that it knows.

use super::{is_with, with_exchange};
use crate::evidence::{Exchange, Mode, ResponseRecord};
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix, RouteField};
use crate::rules::case::{Candidate, Case};
use crate::rules::view::{View, media_type};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/prefix-not-added",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The edge leaves out a prefix that the service wants to see",
    explain: "A service that lives below a prefix by itself, such as a chat that knows `/chat/login` and nothing else, does so on \
              a host of its own too. Where the edge passes `/login` on as it came, nothing is found there: the fallback to one host \
              per service breaks what worked below the prefix.",
    told_by: "The service itself is well asked with the prefix and refuses without it, and through the edge comes what it \
              answers without.",
    remedy: "Put the prefix before the path on the service's host (`rewrite * /chat{uri}`), or have the service answer at its root.",
    references: &["Caddy, rewrite directive", "docs/edge-routing-fallback.md, Topology"],
    needs: Needs { modes: &[Mode::Subdomain], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(view) = case.view() else { return Vec::new() };
    (0..view.homes.len()).filter_map(|home| of(case, view, home)).collect()
}

fn of(case: &Case<'_>, view: &View<'_>, home: usize) -> Option<Candidate> {
    let service = &view.homes[home].service;
    let prefix = format!("/{service}");
    let observations = shown(view, home, &prefix);
    if observations.is_empty() {
        return None;
    }
    let is_lost = |exchange: &Exchange| {
        let inner = view.find(exchange).and_then(|seen| seen.at.as_ref()).map(|(_, inner)| inner.as_str());
        is_with(view, home, exchange)
            && inner.is_some_and(|inner| !inner.starts_with(&format!("{prefix}/")))
            && exchange.response.as_ref().is_some_and(is_refusal)
    };
    let explains = with_exchange(case, is_lost);
    // What is open before the gate has routes of its own.
    let routes = ["", "-login", "-callback"].map(|of| format!("{service}{of}"));
    let add = |route: String| Change::Route { route, field: RouteField::AddPrefix(prefix.clone()) };
    let fix = Fix::apply(format!("Put {prefix} before the paths on the host of {service}."), routes.map(add).to_vec());
    (!explains.is_empty()).then(|| Candidate {
        cause: format!(
            "The edge asks {service} for paths on its own host as they come, and it knows them below {prefix} alone."
        ),
        fix: Some(fix),
        observations,
        explains,
    })
}

/// Paths that the service knows with the prefix alone, and that the edge passes on without it.
fn shown(view: &View<'_>, home: usize, prefix: &str) -> Vec<Observation> {
    let direct = |path: &str| {
        let mut found = view.direct.iter().filter(|direct| direct.home == home && direct.path == path);
        found.find_map(|direct| direct.response())
    };
    let seen = view.with(home).filter(|(seen, _)| seen.step.is_none() && seen.url.query().is_none());
    let lost = seen.filter_map(|(seen, inner)| {
        let (through, plain, with) = (seen.response()?, direct(inner)?, direct(&format!("{prefix}{inner}"))?);
        let is_plain = (through.status, media_type(through)) == (plain.status, media_type(plain));
        let is_so = is_refusal(plain) && with.status < 400 && is_plain && !view.is_edges_own(through);
        is_so.then(|| {
            let (plain, with, through) = (plain.status, with.status, through.status);
            let text = format!(
                "{inner}: the service itself answers {plain}, with {prefix} before it {with}, and through the edge comes {through}"
            );
            Observation::new(text)
        })
    });
    lost.collect()
}

/// Nothing is found, or nobody let in.
fn is_refusal(response: &ResponseRecord) -> bool {
    matches!(response.status, 401 | 403 | 404)
}
