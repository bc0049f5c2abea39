//! What the edge does with paths, requests and answers on their way, by itself, and what it shows of itself.

pub(super) mod admin_open;
pub(super) mod authorization_lost;
pub(super) mod body_too_large;
pub(super) mod catch_all;
pub(super) mod compression_broken;
pub(super) mod forwarded_missing;
pub(super) mod forwarded_spoofable;
pub(super) mod host_rewritten;
pub(super) mod log_leaks;
pub(super) mod prefix_doubled;
pub(super) mod prefix_kept;
pub(super) mod prefix_not_added;
pub(super) mod prefix_stripped;
pub(super) mod redirect_loop;
pub(super) mod redirect_misdirected;
pub(super) mod response_rewritten;
pub(super) mod route_unmatched;
pub(super) mod wrong_upstream;

use super::case::{Case, Symptom, SymptomId};
use super::view::{ELSEWHERE, View};
use crate::evidence::{Exchange, StackKind};
use crate::fix::{Change, Fix};

/// The program behind this service lives below its prefix by itself, so that the edge passes it on.
fn lives_below_its_prefix(service: &str) -> bool {
    matches!(service, "ci" | "chat")
}

/// The open symptoms by whose pages' exchanges one is like this.
fn with_exchange(case: &Case<'_>, is_it: impl Fn(&Exchange) -> bool) -> Vec<SymptomId> {
    let has = |symptom: &Symptom<'_>| symptom.of_page().iter().any(&is_it);
    case.open().filter(|(_, symptom)| has(symptom)).map(|(id, _)| id).collect()
}

/// The exchange went to this service, below its prefix.
fn is_with(view: &View<'_>, home: usize, exchange: &Exchange) -> bool {
    let at = view.find(exchange).and_then(|seen| seen.at.as_ref());
    at.is_some_and(|(index, inner)| *index == home && !inner.is_empty())
}

/// A fix of a route of the edge's. Where that was tried and didn't hold, on containers a directive of Caddy's is taken out,
/// wherever it stands; where that didn't hold either, a person has to look behind the edge: what was seen was seen.
fn of_route(case: &Case<'_>, code: &str, change: Change, directive: &str, summary: &str) -> Fix {
    if case.is_refuted(code, &change) {
        return without_directive(case, code, directive, summary);
    }
    Fix::apply(summary, vec![change])
}

/// A fix that takes a directive of Caddy's out. The embedded edge has none, so that there a person has to look, as where that was tried
/// and didn't hold.
fn without_directive(case: &Case<'_>, code: &str, name: &str, summary: &str) -> Fix {
    let line = format!("- {name}");
    match case.evidence.stack.as_ref().map(|stack| stack.kind) {
        Some(StackKind::Containers) => {
            let fix = Fix::apply(summary, vec![Change::Directive { name: name.to_owned(), value: None }]);
            case.unless_refuted(code, fix, ELSEWHERE)
        }
        _ => Fix::advice(summary).line("Caddyfile", line),
    }
}
