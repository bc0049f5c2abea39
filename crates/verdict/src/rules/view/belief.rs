//! The address that a service believes in, and how it differs from the one that browsers have.

use std::collections::BTreeSet;

use super::View;
use super::claims::{Claim, Lies, Says};
use super::site::{Root, is_internal};
use crate::evidence::Way;
use crate::finding::Observation;

/// How many of the answers that show a belief are shown.
const SHOWN: usize = 4;

/// The address that a service believes in.
#[derive(Debug, Clone)]
pub(crate) struct Belief {
    /// Scheme, host and port, where an answer says.
    pub(crate) origin: Option<Root>,
    /// The prefix, where an answer says, or all addresses that it hands out agree.
    pub(crate) prefix: Option<String>,
    /// It follows from answers that show what was configured, whoever asks.
    pub(crate) is_exact: bool,
    /// Some of the answers that show it.
    pub(crate) shown_by: Vec<Observation>,
}

/// How a belief differs from the address that browsers have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Difference {
    /// The host is one that only containers or the machine itself know.
    Internal,
    /// The host is another.
    Host,
    /// The scheme is another.
    Scheme,
    /// The port is another.
    Port,
    /// It believes that it has the whole origin.
    PrefixMissing,
    /// It believes in another prefix.
    PrefixWrong,
}

impl Belief {
    /// The address in one piece, as far as it is known.
    pub(crate) fn address(&self, home: &Root) -> Root {
        let origin = self.origin.as_ref().unwrap_or(home);
        origin.with_prefix(self.prefix.as_deref().unwrap_or(&home.prefix))
    }

    fn difference(&self, home: &Root) -> Option<Difference> {
        if let Some(origin) = &self.origin {
            if origin.host != home.host {
                return Some(if is_internal(&origin.host) { Difference::Internal } else { Difference::Host });
            }
            if origin.scheme != home.scheme {
                return Some(Difference::Scheme);
            }
            if origin.port != home.port {
                return Some(Difference::Port);
            }
        }
        match self.prefix.as_deref() {
            Some(prefix) if prefix == home.prefix => None,
            Some("") => Some(Difference::PrefixMissing),
            Some(_) => Some(Difference::PrefixWrong),
            None => None,
        }
    }
}

impl View<'_> {
    /// What a service believes, where its answers show it.
    pub(crate) fn belief(&self, home: usize) -> Option<Belief> {
        self.exact(home).or_else(|| self.inferred(home))
    }

    /// The belief and its difference from the address that browsers have; `None` where there is none.
    pub(crate) fn difference(&self, home: usize) -> Option<(Difference, Belief)> {
        let belief = self.belief(home)?;
        Some((belief.difference(&self.homes[home].root)?, belief))
    }

    /// The service was told the address that browsers have: what it was configured with shows it, or most of what it
    /// hands out goes by it.
    pub(crate) fn is_told_right(&self, home: usize) -> bool {
        self.belief(home).is_some_and(|belief| belief.is_exact && belief.difference(&self.homes[home].root).is_none())
    }

    /// By what was configured. Past the edge nothing can have changed it on its way.
    fn exact(&self, home: usize) -> Option<Belief> {
        let exact =
            |way: Way| self.claims.iter().filter(move |claim| claim.home == home && claim.is_exact && claim.way == way);
        let root = |way: Way| {
            let found: BTreeSet<&Root> = exact(way)
                .filter_map(|claim| match &claim.says {
                    Says::Root(root) => Some(root),
                    _ => None,
                })
                .collect();
            // Two that differ are two services, or something on the way: neither shows what this one believes.
            (found.len() == 1).then(|| found.into_iter().next().cloned())?
        };
        let prefixes: BTreeSet<&String> = exact(Way::Direct)
            .chain(exact(Way::Edge))
            .filter_map(|claim| match &claim.says {
                Says::Prefix(prefix) => Some(prefix),
                _ => None,
            })
            .collect();
        // Through the edge alone: two that differ show that something is between them.
        let through = || root(Way::Edge).filter(|root| prefixes.iter().all(|prefix| **prefix == root.prefix));
        if let Some(root) = root(Way::Direct).or_else(through) {
            let shown_by = shown(
                exact(Way::Direct).chain(exact(Way::Edge)).filter(|claim| claim.says == Says::Root(root.clone())),
            );
            return Some(Belief { prefix: Some(root.prefix.clone()), origin: Some(root), is_exact: true, shown_by });
        }
        let prefix = prefixes.into_iter().next()?.clone();
        let is_it = |claim: &&Claim<'_>| matches!(&claim.says, Says::Prefix(claimed) if *claimed == prefix);
        let shown_by = shown(exact(Way::Direct).chain(exact(Way::Edge)).filter(is_it));
        Some(Belief { origin: None, prefix: Some(prefix), is_exact: true, shown_by })
    }

    /// By what it hands out through the edge.
    fn inferred(&self, home: usize) -> Option<Belief> {
        let handed =
            || self.claims.iter().filter(move |claim| claim.home == home && !claim.is_exact && claim.way == Way::Edge);
        let roots: BTreeSet<&Root> = handed()
            .filter_map(|claim| match &claim.says {
                Says::Root(root) => Some(root),
                _ => None,
            })
            .collect();
        let paths: BTreeSet<&str> = handed()
            .filter_map(|claim| match &claim.says {
                Says::Path(path) => Some(path.as_str()),
                _ => None,
            })
            .collect();
        let by_paths = self.prefix_of(home, &paths);
        let origins: BTreeSet<&Root> = handed()
            .filter_map(|claim| match &claim.says {
                Says::Origin(origin) => Some(origin),
                _ => None,
            })
            .collect();
        let root = if roots.len() == 1 { roots.first().copied() } else { None };
        let origin = root.or(if roots.is_empty() && origins.len() == 1 { origins.first().copied() } else { None });
        let prefix = match (root, by_paths) {
            // What pages refer to shows the prefix as well as a whole address does; where the two differ, something is
            // between them.
            (Some(root), Some(prefix)) if root.prefix != prefix => return None,
            (Some(root), _) => Some(root.prefix.clone()),
            (None, prefix) => prefix,
        };
        if origin.is_none() && prefix.is_none() {
            return None;
        }
        let home_root = &self.homes[home].root;
        let tells = |claim: &&Claim<'_>| match &claim.says {
            Says::Root(claimed) => Some(claimed) == root,
            Says::Origin(claimed) => root.is_none() && Some(claimed) == origin,
            Says::Path(path) => {
                prefix.as_deref() != Some(&home_root.prefix) && self.lies(home, path) != Lies::Elsewhere
            }
            Says::Prefix(_) | Says::Off(_) => false,
        };
        let shown_by = shown(handed().filter(tells));
        Some(Belief { origin: origin.cloned(), prefix, is_exact: false, shown_by })
    }

    /// The prefix that all addresses have which a service hands out; `None` where they don't agree.
    fn prefix_of(&self, home: usize, paths: &BTreeSet<&str>) -> Option<String> {
        let root = &self.homes[home].root;
        let telling: Vec<(&str, Lies)> = paths
            .iter()
            .map(|path| (*path, self.lies(home, path)))
            .filter(|(_, lies)| *lies != Lies::Elsewhere)
            .collect();
        let all = |wanted: Lies| !telling.is_empty() && telling.iter().all(|(_, lies)| *lies == wanted);
        if all(Lies::Doubled) {
            return Some(format!("{0}{0}", root.prefix));
        }
        if all(Lies::Outside) || (root.prefix.is_empty() && all(Lies::Inside)) {
            let common = self.common_head(home, &telling.iter().map(|(path, _)| *path).collect::<Vec<_>>());
            return Some(common.unwrap_or_default());
        }
        all(Lies::Inside).then(|| root.prefix.clone())
    }

    /// The first segment that all paths share, where it can only be a prefix: more than two differ behind it, and it
    /// isn't the beginning of a path that the service was asked for.
    fn common_head(&self, home: usize, paths: &[&str]) -> Option<String> {
        let split = |path: &'_ str| {
            let mut segments = path.split('/').skip(1);
            (segments.next().unwrap_or_default().to_owned(), segments.next().unwrap_or_default().to_owned())
        };
        let heads: BTreeSet<String> = paths.iter().map(|path| split(path).0).collect();
        let behind: BTreeSet<String> = paths.iter().map(|path| split(path).1).collect();
        let head = heads.first().filter(|head| heads.len() == 1 && behind.len() > 1 && !head.is_empty())?;
        let is_own = self.with(home).any(|(seen, inner)| {
            let is_there = seen.response().is_some_and(|response| response.status < 400);
            is_there && split(inner).0 == *head
        });
        (!is_own).then(|| format!("/{head}"))
    }
}

/// Some of them, the same whatever the order of the evidence.
fn shown<'c, 'a: 'c>(claims: impl Iterator<Item = &'c Claim<'a>>) -> Vec<Observation> {
    let mut all: BTreeSet<(bool, String, Observation)> = BTreeSet::new();
    for claim in claims {
        all.insert((!claim.is_exact, claim.observation.text.clone(), claim.observation.clone()));
    }
    let mut texts = BTreeSet::new();
    let fresh = all.into_iter().filter(|(_, text, _)| texts.insert(text.clone()));
    fresh.map(|(_, _, observation)| observation).take(SHOWN).collect()
}
