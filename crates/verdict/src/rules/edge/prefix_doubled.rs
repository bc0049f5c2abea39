//! `edge/prefix-doubled`: the prefix is there twice.

use super::{is_with, lives_below_its_prefix, of_route, with_exchange, without_directive};
use crate::evidence::Mode;
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, RouteField};
use crate::rules::case::{Candidate, Case, Symptom, SymptomId};
use crate::rules::view::{Claim, Lies, Says, Taint, View, found_instead};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/prefix-doubled",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The edge adds a prefix that is already there",
    explain: "Something on the way puts the prefix before a path that has it: a rewrite of the request, so that the service sees \
              `/ci/ci/`; or a rewrite of `Location`, written for a program that doesn't know its prefix, before one that does.",
    told_by: "Redirects have the prefix twice while what the service says of itself has it once; or the request arrived with it \
              twice; or a service that wants its prefix once doesn't know the paths that come through the edge, and not because \
              it is taken off. A service that was told its address with the prefix twice is `address/prefix-wrong`.",
    remedy: "Take out what adds it: `header_down Location`, `rewrite * /prefix{uri}`.",
    references: &["Caddy, rewrite directive; reverse_proxy, header_down"],
    needs: Needs { modes: &[Mode::Subpath], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(view) = case.view() else { return Vec::new() };
    (0..view.homes.len()).flat_map(|home| [answers(case, view, home), requests(case, view, home)]).flatten().collect()
}

/// Redirects with the prefix twice.
fn answers(case: &Case<'_>, view: &View<'_>, home: usize) -> Option<Candidate> {
    let doubled: Vec<&Claim<'_>> = view
        .claims
        .iter()
        .filter(|claim| claim.home == home)
        .filter(|claim| matches!(&claim.says, Says::Path(path) if view.lies(home, path) == Lies::Doubled))
        .collect();
    let has_once = |claim: &Claim<'_>| {
        claim.home == home && matches!(&claim.says, Says::Path(path) if view.lies(home, path) == Lies::Inside)
    };
    if doubled.is_empty() || !(view.is_told_right(home) || view.claims.iter().any(has_once)) {
        return None;
    }
    let explains = Taint::of(view, home, None).explains(case);
    let root = &view.homes[home].root;
    let service = &view.homes[home].service;
    let mut observations: Vec<Observation> = doubled.iter().map(|claim| claim.observation.clone()).collect();
    observations.sort();
    observations.truncate(4);
    (!explains.is_empty()).then(|| Candidate {
        cause: format!(
            "Addresses that {service} hands out come with {0} twice, though it was told {root}/.",
            root.prefix
        ),
        fix: Some(without_directive(
            case,
            RULE.code,
            "header_down Location",
            "Take out what puts the prefix before what has it.",
        )),
        observations,
        explains,
    })
}

/// Requests with the prefix twice.
fn requests(case: &Case<'_>, view: &View<'_>, home: usize) -> Option<Candidate> {
    let root = &view.homes[home].root;
    let service = &view.homes[home].service;
    let forms = view.forms(home);
    let was_asked_twice = view.with(home).any(|(seen, inner)| seen.step.is_none() && root.inner(inner).is_some());
    let by_probes = forms.wants_prefix > forms.wants_none
        && forms.edge_strips > forms.edge_keeps
        && was_asked_twice
        && forms.works_twice == 0;
    let explains: Vec<SymptomId> = if by_probes {
        let fallback = view.fallback_prints(home);
        with_exchange(case, |exchange| {
            is_with(view, home, exchange)
                && exchange.response.as_ref().is_some_and(|response| response.status == 404 || fallback(response))
        })
    } else {
        let twice = format!("{0}{0}", root.prefix);
        let is_so = |symptom: &Symptom<'_>| {
            symptom.failure.is_some_and(|failure| found_instead(failure, &twice))
                && symptom.last_exchange().is_some_and(|exchange| is_with(view, home, exchange))
        };
        let is_shown = case.open().any(|(_, symptom)| is_so(symptom));
        // Where one path arrives so, all do.
        with_exchange(case, |exchange| is_shown && is_with(view, home, exchange))
    };
    let summary = format!("Add no prefix before {service}'s paths.");
    // Who wants it once is passed the path as it is, others without it.
    let strips = !by_probes && !lives_below_its_prefix(service);
    let change = Change::Route { route: service.clone(), field: RouteField::StripPrefix(strips) };
    let fix = of_route(case, RULE.code, change, "rewrite", &summary);
    (!explains.is_empty()).then(|| Candidate {
        cause: format!("The edge puts {} once more before the paths that reach {service}.", root.prefix),
        fix: Some(fix),
        observations: forms.shown_by,
        explains,
    })
}
