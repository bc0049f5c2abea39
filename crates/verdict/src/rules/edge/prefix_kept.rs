//! `edge/prefix-kept`: the edge passes on a prefix that the service doesn't know.

use std::collections::BTreeSet;

use super::{lives_below_its_prefix, with_exchange};
use crate::evidence::{Exchange, FailureKind};
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix, RouteField};
use crate::rules::case::{Candidate, Case, Symptom, SymptomId};
use crate::rules::view::{Print, View, found_instead};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/prefix-kept",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The edge passes on a prefix that the service doesn't know",
    explain: "Many programs answer at the root, whatever prefix their public address has: Gitea and Forgejo write ROOT_URL's path \
              into their links and expect the proxy to take it off again, a static site knows its files' names. Where the edge \
              passes the prefix on, they see paths that they don't have, and answer 404 to all of them.",
    told_by: "The service itself knows its paths without the prefix and not with it, and through the edge comes what it answers \
              with it; or it shows the request, and the prefix is there. The 404 is the service's own: where it is the edge's, no \
              route matches (`edge/route-unmatched`).",
    remedy: "Write `handle_path /prefix/*`, or `uri strip_prefix /prefix` before `reverse_proxy`.",
    references: &["Caddy, handle_path and uri directives", "Gitea, reverse proxies, with a sub-path"],
    needs: Needs { modes: &[crate::evidence::Mode::Subpath], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(view) = case.view() else { return Vec::new() };
    (0..view.homes.len()).filter_map(|home| of(case, view, home)).collect()
}

fn of(case: &Case<'_>, view: &View<'_>, home: usize) -> Option<Candidate> {
    let (service, prefix) = (&view.homes[home].service, &view.homes[home].root.prefix);
    let reflected = reflected(case, view, home);
    let (explains, observations) = match shown(view, home) {
        Some(observations) => {
            let fallback = view.fallback_prints(home);
            let is_unknown = |exchange: &Exchange| {
                super::is_with(view, home, exchange)
                    && exchange.response.as_ref().is_some_and(|response| response.status == 404 || fallback(response))
            };
            let mut explains = with_exchange(case, is_unknown);
            explains.extend(reflected);
            explains.sort_unstable();
            explains.dedup();
            (explains, observations)
        }
        None => (reflected, Vec::new()),
    };
    let change = Change::Route { route: service.clone(), field: RouteField::StripPrefix(true) };
    (!explains.is_empty()).then(|| Candidate {
        cause: format!("The edge passes {prefix} on to {service}, which knows its paths without it."),
        fix: Some(Fix::apply(format!("Take {prefix} off before {service}."), vec![change])),
        observations,
        explains,
    })
}

/// Symptoms of a service that shows requests: the path arrived with the prefix where it was expected without.
fn reflected(case: &Case<'_>, view: &View<'_>, home: usize) -> Vec<SymptomId> {
    let prefix = &view.homes[home].root.prefix;
    let is_so = |symptom: &Symptom<'_>| {
        symptom.kind() == Some(FailureKind::Expectation)
            && symptom.failure.is_some_and(|failure| found_instead(failure, prefix))
            && symptom.last_exchange().is_some_and(|exchange| super::is_with(view, home, exchange))
    };
    if !case.open().any(|(_, symptom)| is_so(symptom)) {
        return Vec::new();
    }
    // Where one path arrives so, all do.
    with_exchange(case, |exchange| super::is_with(view, home, exchange))
}

fn shown(view: &View<'_>, home: usize) -> Option<Vec<Observation>> {
    let forms = view.forms(home);
    if view.direct.iter().any(|direct| direct.home == home && direct.response().is_some()) {
        let is_so = forms.wants_none > forms.wants_prefix && forms.edge_keeps > forms.edge_strips;
        return is_so.then_some(forms.shown_by);
    }
    // By what came through the edge alone: of a program that wants no prefix nothing is there, its first page included,
    // and it is the program that says so.
    let mut answers = view.with(home).filter(|(seen, _)| view.homes[home].root.covers(&seen.url)).peekable();
    answers.peek()?;
    let mut missing = BTreeSet::new();
    for (seen, inner) in answers {
        let Some(response) = seen.response() else { continue };
        match response.status {
            404 if view.is_nobodys_answer(response) => return None,
            404 if Print::of(response).is_some() => drop(missing.insert(inner)),
            200..=299 | 500.. => return None,
            _ => {}
        }
    }
    let is_all = missing.len() > 1 && missing.iter().any(|inner| inner.trim_end_matches('/').is_empty());
    (is_all && !lives_below_its_prefix(&view.homes[home].service) && !view.answers_as_another(home)).then(Vec::new)
}
