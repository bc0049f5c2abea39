//! What a service believes its address is, against the address that browsers have.

pub(super) mod host;
pub(super) mod internal;
pub(super) mod port;
pub(super) mod prefix_missing;
pub(super) mod prefix_wrong;
pub(super) mod scheme;

use super::case::{Candidate, Case};
use super::view::{Belief, Difference, Home, Taint};
use crate::fix::{Change, Fix};

/// The references that all rules of this area share.
const REFERENCES: &[&str] = &[
    "Gitea/Forgejo, configuration cheat sheet, server.ROOT_URL",
    "Woodpecker, server configuration, WOODPECKER_HOST",
    "OpenID Connect Discovery 1.0, section 3 (issuer)",
];

/// Candidates for all services whose belief differs so, and for which something failed.
fn candidates(case: &Case<'_>, wanted: Difference, so: &str) -> Vec<Candidate> {
    let Some(view) = case.view() else { return Vec::new() };
    let differs = |(index, home): (usize, &Home)| {
        let (difference, belief) = view.difference(index)?;
        // Of a program that can't be told its prefix, what it refers to is its content.
        let is_about_prefix = matches!(wanted, Difference::PrefixMissing | Difference::PrefixWrong);
        // The chat lives below its prefix or on a host of its own, whichever is asked for; no setting of it names a path.
        let has_prefix_set = setting(home).is_some() && home.service != "chat";
        if difference != wanted || (is_about_prefix && !has_prefix_set) {
            return None;
        }
        let believed = belief.address(&home.root);
        let explains = Taint::of(view, index, Some(&believed)).explains(case);
        (!explains.is_empty()).then(|| candidate(home, belief, so, explains))
    };
    view.homes.iter().enumerate().filter_map(differs).collect()
}

fn candidate(home: &Home, belief: Belief, so: &str, explains: Vec<usize>) -> Candidate {
    let believed = belief.address(&home.root);
    let service = &home.service;
    let cause = format!(
        "{service} believes that browsers reach it at {}, and they reach it at {}: {so}.",
        slashed(&believed.to_string()),
        slashed(&home.root.to_string()),
    );
    Candidate { cause, fix: Some(fix(home)), observations: belief.shown_by, explains }
}

/// What tells a service its address, with the address that browsers have.
pub(super) fn fix(home: &Home) -> Fix {
    let (Some((name, value)), Some(change)) = (setting(home), change(home)) else {
        let address = slashed(&home.root.to_string());
        return Fix::advice(format!("Tell {} that browsers reach it at {address}.", home.service));
    };
    let changes = [change].into_iter().chain(agreeing(home)).collect();
    Fix::apply(format!("Set {name} of {} to {value} and start it anew.", home.service), changes)
}

/// What the chat is told of its host besides must agree with its address.
fn agreeing(home: &Home) -> Option<Change> {
    let name = if home.root.prefix.is_empty() { "EDGE_TUNNEL_FQDN_CHAT" } else { "EDGE_TUNNEL_FQDN" };
    let authority = home.root.origin();
    let authority = authority.split_once("://").map(|(_, authority)| authority.to_owned());
    (home.service == "chat").then(|| Change::Setting {
        service: home.service.clone(),
        name: name.to_owned(),
        value: authority,
    })
}

/// The change that tells a service its address; `None` where there is no such setting.
pub(super) fn change(home: &Home) -> Option<Change> {
    let (name, value) = setting(home)?;
    Some(Change::Setting { service: home.service.clone(), name: name.to_owned(), value: Some(value) })
}

/// The setting by which a service is told its address, and its value. Which one it is depends on the program.
pub(super) fn setting(home: &Home) -> Option<(&'static str, String)> {
    match home.service.as_str() {
        "forge" => Some(("GITEA__server__ROOT_URL", format!("{}/", home.root))),
        "ci" => Some(("WOODPECKER_HOST", home.root.to_string())),
        "chat" => Some(("CHAT_PUBLIC_URL", home.root.to_string())),
        _ => None,
    }
}

fn slashed(address: &str) -> String {
    format!("{}/", address.trim_end_matches('/'))
}
