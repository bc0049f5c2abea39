//! `edge/prefix-stripped`: the edge takes off a prefix that the service wants to see.

use std::collections::BTreeSet;

use super::{is_with, lives_below_its_prefix, with_exchange};
use crate::evidence::Exchange;
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix, RouteField};
use crate::rules::case::{Candidate, Case};
use crate::rules::view::{Print, Says, View, body, json_string};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/prefix-stripped",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The edge takes off a prefix that the service wants to see",
    explain: "Some programs live below their prefix by themselves: Woodpecker, whose WOODPECKER_HOST has it, knows `/ci/healthz` \
              and not `/healthz`. Where the edge takes the prefix off all the same, such a program sees paths that it doesn't \
              know. Woodpecker answers its dashboard's page to them, as 200 text/html, so that each script is that page, the \
              dashboard stays blank and every status is well.",
    told_by: "The service itself knows its paths with the prefix and not without, and through the edge comes what it answers \
              without; with the prefix twice they work. Its addresses have the prefix: where they lack it, it was told its \
              address wrongly (`address/prefix-missing`). A program that wants no prefix and gets it: `edge/prefix-kept`.",
    remedy: "Take `uri strip_prefix` out of the route, or write `handle` in the place of `handle_path`.",
    references: &["Caddy, handle_path and uri directives", "woodpecker#1773"],
    needs: Needs { modes: &[crate::evidence::Mode::Subpath], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(view) = case.view() else { return Vec::new() };
    (0..view.homes.len()).filter_map(|home| of(case, view, home)).collect()
}

fn of(case: &Case<'_>, view: &View<'_>, home: usize) -> Option<Candidate> {
    let observations = shown(view, home)?;
    let fallback = view.fallback_prints(home);
    let is_unknown = |exchange: &Exchange| {
        is_with(view, home, exchange)
            && exchange.response.as_ref().is_some_and(|response| response.status == 404 || fallback(response))
    };
    let explains = with_exchange(case, is_unknown);
    let (service, prefix) = (&view.homes[home].service, &view.homes[home].root.prefix);
    let change = Change::Route { route: service.clone(), field: RouteField::StripPrefix(false) };
    (!explains.is_empty()).then(|| Candidate {
        cause: format!("The edge takes {prefix} off before {service}, which knows its paths with the prefix alone."),
        fix: Some(Fix::apply(format!("Pass {prefix} on to {service}."), vec![change])),
        observations,
        explains,
    })
}

/// The chat's gate is asked by its whole path, and lets through; the request that follows then isn't for anything that the chat knows.
fn knows_nothing_at_its_root(view: &View<'_>, home: usize) -> Option<Observation> {
    if view.homes[home].service != "chat" || view.homes[home].root.prefix.is_empty() {
        return None;
    }
    let unknown = view.with(home).find(|(seen, inner)| {
        let says = json_string(body(seen.exchange), "code");
        *inner == "/"
            && seen.response().is_some_and(|response| response.status == 404)
            && says.as_deref() == Some("not_found")
    });
    unknown.map(|(seen, _)| {
        seen.observation("the chat knows nothing at its own root, for somebody whom its gate lets through".to_owned())
    })
}

/// What shows that the prefix is taken off, and must not be.
fn shown(view: &View<'_>, home: usize) -> Option<Vec<Observation>> {
    if let Some(observation) = knows_nothing_at_its_root(view, home) {
        return Some(vec![observation]);
    }
    let forms = view.forms(home);
    if view.direct.iter().any(|direct| direct.home == home && direct.response().is_some()) {
        let is_so =
            forms.wants_prefix > forms.wants_none && forms.edge_strips > forms.edge_keeps && forms.works_twice > 0;
        return is_so.then_some(forms.shown_by);
    }
    // By what came through the edge alone: its addresses have the prefix, and behind them is the page that such a program
    // answers to whatever it doesn't know; or it is one that lives below its prefix, and knows nothing there.
    let own = &view.homes[home].root;
    let hands_out_prefix = view.claims.iter().any(|claim| {
        claim.home == home
            && matches!(&claim.says, Says::Path(path) if own.inner(path).is_some_and(|rest| rest.len() > 1))
    });
    let answers: Vec<_> = view.with(home).filter_map(|(seen, _)| seen.response()).collect();
    let paths: BTreeSet<&str> = view.with(home).map(|(_, inner)| inner).collect();
    let knows_nothing = paths.len() > 1
        && answers.iter().any(|response| Print::of(response).is_some())
        && answers.iter().all(|response| response.status == 404 && !view.is_nobodys_answer(response))
        && lives_below_its_prefix(&view.homes[home].service);
    let is_so = (hands_out_prefix && !view.fallback(home).is_empty()) || knows_nothing;
    is_so.then(Vec::new)
}
