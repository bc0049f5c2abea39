//! A Caddyfile compared with the one that the settings ask for.

use std::collections::{BTreeMap, BTreeSet};

use super::Stale;
use crate::caddyfile::{MARK, render};
use crate::deployment::Deployment;
use crate::error::RouteError;

/// What may be in a text without being shown.
const SECRET: &str = "FORWARD_AUTH_SECRET";

/// Compares a Caddyfile's text.
///
/// # Errors
/// A deployment that could not be served.
pub fn caddyfile(place: &str, text: &str, deployment: &Deployment) -> Result<Vec<Stale>, RouteError> {
    Ok(compare(place, text, &render(&deployment.site)?))
}

pub(super) fn compare(place: &str, found: &str, expected: &str) -> Vec<Stale> {
    if found == expected {
        return Vec::new();
    }
    let of = |setting: &str, message: String| Stale { place: place.to_owned(), setting: setting.to_owned(), message };
    let (theirs, ours) = (facts(found), facts(expected));
    let mode = "EDGE_ROUTING_MODE";
    if theirs.contains_key(mode) && theirs.get(mode) != ours.get(mode) {
        // Nearly everything else follows from the mode: said once.
        return vec![of(mode, differ(theirs.get(mode), ours.get(mode)))];
    }
    let settings: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    let mut stale: Vec<Stale> = settings
        .into_iter()
        .filter(|setting| theirs.get(*setting) != ours.get(*setting))
        .map(|setting| match setting.as_str() {
            SECRET => of(setting, "the file has another secret than the settings; render it anew".to_owned()),
            _ => of(setting, differ(theirs.get(setting), ours.get(setting))),
        })
        .collect();
    if stale.is_empty() {
        // Nobody's setting: a change by hand, or a text that another version rendered.
        let number = found.lines().zip(expected.lines()).take_while(|(found, expected)| found == expected).count();
        let line = |text: &str| {
            text.lines()
                .nth(number)
                .map_or_else(|| "its end".to_owned(), |line| format!("`{}`", line.trim().escape_debug()))
        };
        let message = if found.lines().nth(number).is_some_and(|line| line.contains("header_up")) {
            "it differs from what is rendered; render it anew".to_owned()
        } else {
            format!("expected {}, found {}; render it anew", line(expected), line(found))
        };
        stale.push(of(&format!("line {}", number + 1), message));
    }
    stale
}

fn differ(found: Option<&BTreeSet<String>>, expected: Option<&BTreeSet<String>>) -> String {
    let list = |values: Option<&BTreeSet<String>>| {
        let values: Vec<String> =
            values.into_iter().flatten().map(|value| format!("`{}`", value.escape_debug())).collect();
        if values.is_empty() { "nothing".to_owned() } else { values.join(", ") }
    };
    format!("the file has {}, and the settings ask for {}; render it anew", list(found), list(expected))
}

/// What a rendered text says of the settings that it was rendered from.
fn facts(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut facts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |setting: String, value: &str| {
        facts.entry(setting).or_default().insert(value.to_owned());
    };
    let mut service = "";
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix(MARK) {
            add("EDGE_ROUTING_MODE".to_owned(), rest.split('.').next().unwrap_or_default());
        } else if let Some(address) = line.strip_suffix(" {").filter(|line| line.starts_with("http")) {
            let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
            add("EDGE_PORT".to_owned(), port);
            let host = host.split_once("://").map_or("", |(_, host)| host);
            if !host.is_empty() {
                add("EDGE_TUNNEL_FQDN".to_owned(), host);
            }
        }
        let line = line.trim();
        if let Some(name) = line.strip_prefix("# ").filter(|name| !name.contains(' ')) {
            service = name.split('-').next().unwrap_or_default();
            if service != "root" {
                add("EDGE_SERVICES".to_owned(), service);
            }
        } else if let Some(rest) = line.strip_prefix("reverse_proxy ") {
            add(format!("EDGE_UPSTREAM_{}", service.to_ascii_uppercase()), rest.trim_end_matches(" {"));
        } else if let Some(rest) = line.strip_prefix("header_up X-Forward-Auth-Secret ") {
            add(SECRET.to_owned(), rest);
        } else if let Some(rest) = line.strip_prefix("tls ") {
            add("EDGE_TLS_CERTIFICATE".to_owned(), rest);
        }
    }
    facts
}
