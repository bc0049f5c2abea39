//! `edge/redirect-misdirected`: a redirect of the edge's leads elsewhere than it should.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::lives_below_its_prefix;
use crate::evidence::{Exchange, Mode};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix};
use crate::rules::case::{Candidate, Case, SymptomId};
use crate::rules::view::{Hop, Root, View};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/redirect-misdirected",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "A redirect of the edge's leads elsewhere than it should",
    explain: "The edge redirects the root, or a prefix without its slash, to an address that is nobody's or another service's: an \
              old prefix, a misspelt one, another site. Or it redirects what is below a service's prefix, and the service is never \
              asked.",
    told_by: "The redirect is the edge's own, since it answers the root, a prefix without its slash, or a path that the service \
              doesn't redirect itself; and it leads out of the prefix, or to an address that nobody answers. One that leads back to \
              where it began is `edge/redirect-loop`; one of a service's own is about what the service believes (`address/…`).",
    remedy: "`redir /forge /forge/ 302` for the bare prefix, `redir / /forge/ 302` for the root alone.",
    references: &["Caddy, redir directive", "RFC 9110, section 15.4"],
    needs: Needs { modes: &[Mode::Subpath], ..Needs::A_STACK },
    find,
};

/// What is redirected: the root, or a service's prefix, without its slash or all below it.
type What = Option<(usize, bool)>;

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(view) = case.view() else { return Vec::new() };
    let mut found: BTreeMap<What, (BTreeSet<String>, Vec<SymptomId>)> = BTreeMap::new();
    for (id, symptom) in case.open() {
        let Some(step) = symptom.step else { continue };
        if let Some((what, to)) = step.trace.iter().find_map(|exchange| of(view, exchange)) {
            let (targets, explains) = found.entry(what).or_default();
            targets.insert(to);
            explains.push(id);
        }
    }
    let candidate =
        |(what, (targets, explains)): (What, (BTreeSet<String>, _))| candidate(view, what, targets.first()?, explains);
    found.into_iter().filter_map(candidate).collect()
}

fn of(view: &View<'_>, exchange: &Exchange) -> Option<(What, String)> {
    if view.hop(exchange) != Some(Hop::Edge) {
        return None;
    }
    let seen = view.find(exchange)?;
    let location = seen.response()?.header("location")?;
    let next = seen.url.join(location).ok()?;
    if next == seen.url {
        return None;
    }
    let to = next[..url::Position::AfterPath].to_owned();
    match &seen.at {
        Some((home, inner)) => {
            let root = &view.homes[*home].root;
            (root.covers(&seen.url) && !root.covers(&next)).then_some((Some((*home, inner.is_empty())), to))
        }
        None => (seen.url.path() == "/" && is_own(view, &seen.url) && is_nobodys(view, &next)).then_some((None, to)),
    }
}

fn is_own(view: &View<'_>, url: &Url) -> bool {
    Root::of(url).is_some_and(|root| root.is_same_origin(&view.base))
}

/// No service is there, as far as the site goes.
fn is_nobodys(view: &View<'_>, url: &Url) -> bool {
    is_own(view, url) && url.path() != "/" && view.at(url).is_none()
}

fn candidate(view: &View<'_>, what: What, to: &str, explains: Vec<SymptomId>) -> Option<Candidate> {
    let (cause, summary, change) = match what {
        None => {
            let home = view.homes.iter().find(|home| home.service == "forge").or(view.homes.first())?;
            let right = format!("{}/", home.root.prefix);
            let change = Change::AddRedirect { route: "root".to_owned(), path: "/".to_owned(), to: right.clone() };
            (
                format!("The edge redirects the root to {to}, where no service is."),
                format!("Redirect the root to {right}."),
                change,
            )
        }
        Some((home, true)) => {
            let (service, prefix) = (&view.homes[home].service, &view.homes[home].root.prefix);
            let right = format!("{prefix}/");
            let change =
                Change::AddRedirect { route: format!("{service}-bare"), path: prefix.clone(), to: right.clone() };
            (
                format!("The edge redirects {prefix} to {to}, out of the prefix."),
                format!("Redirect {prefix} to {right}."),
                change,
            )
        }
        Some((home, false)) => {
            let (service, prefix) = (&view.homes[home].service, &view.homes[home].root.prefix);
            let path = view.homes[home].route_path();
            let strip_prefix = (!lives_below_its_prefix(service)).then(|| prefix.clone());
            let change =
                Change::AddRoute { route: service.clone(), service: service.clone(), path: path.clone(), strip_prefix };
            let cause = format!("The edge redirects what is below {prefix}/ to {to}, and never asks {service}.");
            (cause, format!("Route {path} to {service}."), change)
        }
    };
    Some(Candidate { cause, fix: Some(Fix::apply(summary, vec![change])), observations: Vec::new(), explains })
}
