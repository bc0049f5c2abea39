//! What a program does whatever it is told, so that it can't live under a prefix: the criteria for the fallback.

pub(super) mod ignores_prefix;
pub(super) mod redirect_loop;

use super::view::{Home, Lies, Says, View};
use crate::finding::Observation;
use crate::fix::Fix;

/// What to do where nothing under subpaths helps.
fn fallback(home: &Home) -> Fix {
    Fix::advice(format!(
        "Upgrade {0} to a version that lives under a prefix; where there is none, change over to one subdomain per service \
         (docs/edge-routing-fallback.md).",
        home.service
    ))
    .line(".env", "EDGE_ROUTING_MODE=subdomain")
}

/// That the service was told right, where that shows: what it believes in, in its own words.
fn told(case: &super::case::Case<'_>, index: usize) -> (String, Vec<Observation>) {
    let view = case.view();
    let belief = view.filter(|view| view.is_told_right(index)).and_then(|view| view.belief(index));
    match belief {
        Some(belief) => (", though it was told its address rightly".to_owned(), belief.shown_by),
        None => (String::new(), Vec::new()),
    }
}

/// The service knows its prefix: what it believes in has it, some of what it hands out has it, or it was told and that
/// changed nothing.
fn was_told(case: &super::case::Case<'_>, view: &View<'_>, index: usize) -> bool {
    let is_inside = |claim: &super::view::Claim<'_>| {
        claim.home == index
            && !claim.is_exact
            && matches!(&claim.says, Says::Path(path) if view.lies(index, path) == Lies::Inside)
    };
    let change = super::address::change(&view.homes[index]);
    view.is_told_right(index)
        || view.claims.iter().any(is_inside)
        || change.is_some_and(|change| case.is_refuted("address/", &change))
}

/// Programs that can be told their address: of others, what they hand out is their content.
fn can_be_told(home: &Home) -> bool {
    super::address::setting(home).is_some()
}
