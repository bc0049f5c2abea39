//! `app/ignores-prefix`: a program hands out addresses without its prefix, whatever it is told.

use super::{can_be_told, fallback, told, was_told};
use crate::evidence::{Mode, Way};
use crate::finding::{Class, Observation, Severity};
use crate::rules::case::{Candidate, Case};
use crate::rules::view::{Claim, Lies, Says, Taint, View};
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "app/ignores-prefix",
    class: Class::Pivot,
    severity: Severity::Error,
    title: "A program ignores the prefix that it is told",
    explain: "A service hands out addresses at the root of the origin: its assets, its redirects, the callback of its sign-in. \
              It was told its public address, prefix included, or being told it changes nothing. Such a version can't live under \
              a prefix: another version may, and on a host of its own it does.",
    told_by: "Addresses without the prefix from a service whose own idea of its address has it, or for which the setting that \
              cures this was tried and didn't. Where the setting was wrong it is `address/prefix-missing`; where only some \
              of its addresses lack the prefix, and asked directly none does, something rewrites them \
              (`edge/response-rewritten`).",
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
    let own = &view.homes[home].root;
    if !can_be_told(&view.homes[home]) || !was_told(case, view, home) || Taint::is_of_the_way(view, home) {
        return None;
    }
    let lacks_prefix = |says: &Says| match says {
        Says::Path(path) => view.lies(home, path) == Lies::Outside,
        Says::Root(root) => root.is_same_origin(own) && root.prefix.is_empty(),
        Says::Prefix(prefix) => prefix.is_empty(),
        Says::Origin(_) | Says::Off(_) => false,
    };
    let without = view.claims.iter().filter(|claim| claim.home == home && lacks_prefix(&claim.says));
    without.clone().next()?;
    let explains = Taint::of(view, home, None).explains(case);
    if explains.is_empty() {
        return None;
    }
    let past = without.clone().any(|claim| claim.way == Way::Direct);
    let asked = view.direct.iter().any(|direct| direct.home == home && direct.response().is_some());
    if !past && !is_what_it_wrote(view, home, without) {
        return None;
    }
    let (though, mut observations) = told(case, home);
    let service = &view.homes[home].service;
    if asked && !past {
        observations.push(Observation::new(format!(
            "asked directly, {service} hands out addresses with {}: something before it may take the prefix off",
            own.prefix
        )));
    }
    let cause = format!("{service} lives below {}, and hands out addresses without it{though}.", own.prefix);
    Some(Candidate { cause, fix: Some(fallback(&view.homes[home])), observations, explains })
}

/// Where the service itself was asked: that what came lacks the prefix and nothing else. An address that was changed to another
/// one is no sign of a program that ignores its prefix.
fn is_what_it_wrote<'v>(view: &View<'_>, home: usize, mut without: impl Iterator<Item = &'v Claim<'v>>) -> bool {
    let prefix = &view.homes[home].root.prefix;
    let mut written = view
        .claims
        .iter()
        .filter(|claim| claim.home == home && claim.way == Way::Direct)
        .filter_map(|claim| match &claim.says {
            Says::Path(path) => Some(path.as_str()),
            _ => None,
        })
        .peekable();
    if written.peek().is_none() {
        return true;
    }
    let written: Vec<&str> = written.filter_map(|path| path.strip_prefix(prefix.as_str())).collect();
    without.any(|claim| match &claim.says {
        Says::Path(path) => written.contains(&path.as_str()),
        _ => true,
    })
}
