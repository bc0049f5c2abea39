//! What is to be wrong with a stack, as far as it can be said without one: routes, the Caddyfile's text, the meddlers' rules.

use std::collections::BTreeMap;

use doubles::meddler::{Action as Tampering, Rule};
use regex::{NoExpand, Regex};
use routes::change::{RouteChange, RouteChanges};
use routes::{Action, RouteError, Site, Upstream};

use super::{StackOptions, addresses};

/// What is replaced in the generated Caddyfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextChange {
    /// The text to look for. White space in it stands for any other. `${edge}` and so on stand for public addresses.
    pub replace: String,
    /// What stands there then.
    pub with: String,
    /// Where this was asked for (`faults/x.yaml:7:9`), for messages.
    pub place: Option<String>,
}

/// Whether a change of the text has to find something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// When the stack is stood up.
    Must,
    /// Later on: another change may have taken away what there was.
    May,
}

/// The routes that the edge has: those that it should have, with what the options say otherwise. What is said of a route that there is
/// in the other mode alone means nothing.
///
/// # Errors
/// A route or a field that there isn't, a value that can't be.
pub(crate) fn served(site: &Site, options: &StackOptions) -> Result<Site, RouteError> {
    let fill = |text: &String| addresses::fill(text, site);
    let filled = |change: &RouteChange| RouteChange {
        redirect: change.redirect.as_ref().map(|(to, status)| (fill(to), *status)),
        respond: change.respond.as_ref().map(|(status, body)| (*status, fill(body))),
        headers: change
            .headers
            .as_ref()
            .map(|headers| headers.iter().map(|(name, value)| (name.clone(), value.as_ref().map(fill))).collect()),
        ..change.clone()
    };
    let mut changes: RouteChanges =
        options.routes.iter().map(|(name, change)| (name.clone(), change.as_ref().map(filled))).collect();
    for route in &site.routes {
        if let (routes::PathMatch::Any | routes::PathMatch::Exact(_), Some(Some(change))) =
            (&route.path, changes.get_mut(&route.name))
            && change.path.is_none()
        {
            change.strip_prefix = change.strip_prefix.filter(|strips| !strips);
        }
    }
    let other = match site.mode {
        routes::Mode::Subpath => routes::Mode::Subdomain,
        routes::Mode::Subdomain => routes::Mode::Subpath,
    };
    let upstreams = site.upstreams().into_iter().map(|(name, upstream)| (name, upstream.to_string())).collect();
    let there = Site::standard(site.origin.clone(), other, &upstreams)?;
    changes.retain(|name, change| {
        let is_in = |site: &Site| site.routes.iter().any(|route| route.name == *name);
        is_in(site) || !is_in(&there) || change.as_ref().is_some_and(|change| change.path.is_some())
    });
    site.clone().changed(&changes)
}

/// The routes with meddlers before services: whatever led to the service itself leads to its meddler.
pub(crate) fn through(mut served: Site, site: &Site, meddlers: &BTreeMap<String, Upstream>) -> Site {
    let own = site.upstreams();
    for (service, meddler) in meddlers {
        let Some(own) = own.get(service) else { continue };
        for route in &mut served.routes {
            let Action::Forward(forward) = &mut route.action else { continue };
            let gate = forward.gate.as_mut().map(|gate| &mut gate.upstream);
            for upstream in std::iter::once(&mut forward.upstream).chain(gate).filter(|upstream| **upstream == *own) {
                upstream.clone_from(meddler);
            }
        }
    }
    served
}

/// The Caddyfile's text with what the options replace in it.
///
/// # Errors
/// The first change that finds nothing to replace, with its place.
pub(crate) fn caddyfile(text: String, site: &Site, changes: &[TextChange], finding: Finding) -> Result<String, String> {
    changes.iter().try_fold(text, |text, change| {
        let changed = replaced(&text, site, change);
        if finding == Finding::May && changed.is_none() {
            return Ok(text);
        }
        changed.ok_or_else(|| {
            let place = change.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
            format!(
                "{place}nothing in the generated Caddyfile is `{}`: `docker exec CONTAINER cat /etc/caddy/Caddyfile` shows it, and \
                 fixtures/Caddyfile is one for the port 8080",
                addresses::fill(&change.replace, site).escape_debug()
            )
        })
    })
}

/// The text with every place changed; `None` where there is none.
fn replaced(text: &str, site: &Site, change: &TextChange) -> Option<String> {
    let (replace, with) = (addresses::fill(&change.replace, site), addresses::fill(&change.with, site));
    if text.contains(&replace) {
        return Some(text.replace(&replace, &with));
    }
    // The text is indented by tabs, and a YAML file is not.
    let words: Vec<String> = replace.split_whitespace().map(regex::escape).collect();
    let pattern = Regex::new(&words.join(r"\s+")).ok().filter(|_| !words.is_empty())?;
    pattern.is_match(text).then(|| pattern.replace_all(text, NoExpand(&with)).into_owned())
}

/// The rules with public addresses in their texts.
pub(crate) fn rules(rules: &[Rule], site: &Site) -> Vec<Rule> {
    let fill = |text: &String| addresses::fill(text, site);
    let pattern = |text: &String| addresses::fill_pattern(text, site);
    let action = |action: &Tampering| match action {
        Tampering::SetHeader { name, value } => Tampering::SetHeader { name: name.clone(), value: fill(value) },
        Tampering::AppendHeader { name, value } => Tampering::AppendHeader { name: name.clone(), value: fill(value) },
        Tampering::ReplaceHeader { name, find, with } => {
            Tampering::ReplaceHeader { name: name.clone(), find: pattern(find), with: fill(with) }
        }
        Tampering::ReplaceBody { find, with } => Tampering::ReplaceBody { find: pattern(find), with: fill(with) },
        other => other.clone(),
    };
    let rule = |rule: &Rule| Rule {
        on: rule.on,
        match_path: rule.match_path.as_ref().map(pattern),
        match_host: rule.match_host.as_ref().map(pattern),
        actions: rule.actions.iter().map(action).collect(),
    };
    rules.iter().map(rule).collect()
}

#[cfg(test)]
mod tests;
