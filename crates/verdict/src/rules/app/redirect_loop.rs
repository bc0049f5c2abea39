//! `app/redirect-loop`: a program sends browsers to an address without its prefix, and the edge sends them back, for ever.

use super::{fallback, told};
use crate::evidence::{Mode, StepRecord};
use crate::finding::{Class, Severity};
use crate::rules::case::{Candidate, Case, SymptomId};
use crate::rules::view::{Hop, Taint, View, redirect_loop};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "app/redirect-loop",
    class: Class::Pivot,
    severity: Severity::Error,
    title: "A program redirects in a circle under its prefix",
    explain: "A service sends browsers to an address of its own at the root of the origin, the edge knows no better than to send \
              them back below the prefix, and the two go on for ever. Where the service was told its public address, and neither \
              taking the prefix off nor telling it the prefix in a header changes that, the program can't live under a prefix.",
    told_by: "A circle of redirects of which one is the service's and lacks its prefix. First its settings are looked at: one \
              that was told an address without the prefix is `address/prefix-missing`. A circle of the edge's own redirects is \
              `edge/redirect-loop`.",
    remedy: "Upgrade the program to a version that lives under a prefix; else change over to one subdomain per service, as \
              docs/edge-routing-fallback.md describes.",
    references: &["docs/edge-routing-fallback.md, When"],
    needs: Needs { modes: &[Mode::Subpath], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(view) = case.view() else { return Vec::new() };
    (0..view.homes.len()).filter_map(|home| of(case, view, home)).collect()
}

fn of(case: &Case<'_>, view: &View<'_>, home: usize) -> Option<Candidate> {
    let is_in_circle = |step: &StepRecord| {
        redirect_loop(step)
            .is_some_and(|circle| circle.turn.iter().any(|exchange| view.hop(exchange) == Some(Hop::Lost(home))))
    };
    let in_circle: Vec<SymptomId> =
        case.open().filter(|(_, symptom)| symptom.step.is_some_and(is_in_circle)).map(|(id, _)| id).collect();
    if in_circle.is_empty() {
        return None;
    }
    let mut explains = Taint::of(view, home, None).explains(case);
    explains.extend(in_circle);
    explains.sort_unstable();
    explains.dedup();
    let (though, observations) = told(case, home);
    let service = &view.homes[home].service;
    let cause = format!(
        "{service} sends browsers from {0}/ to an address without {0}, and they are sent back, in a circle{though}.",
        view.homes[home].root.prefix
    );
    Some(Candidate { cause, fix: Some(fallback(&view.homes[home])), observations, explains })
}
