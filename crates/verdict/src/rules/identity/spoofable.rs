//! `edge/identity-spoofable`: a service is told by a stranger who the stranger is.

use std::collections::{BTreeMap, BTreeSet};

use super::super::case::{Candidate, Case, Symptom};
use super::super::view::{body, service_of};
use super::super::{Needs, Rule};
use crate::evidence::{Direction, StackFacts};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix, RouteField};
use crate::sentence::list;

pub(in super::super) static RULE: Rule = Rule {
    code: "edge/identity-spoofable",
    class: Class::Security,
    severity: Severity::Error,
    title: "A stranger can tell a service who they are",
    explain: "Services behind an edge are told by header fields who is signed in, and believe them. Such a field must \
              come from the edge alone: where one that a client sends arrives, anybody is whoever they like.",
    told_by: "A field that names a user, or that shows that it is the edge that asks, was sent by a client and arrived \
              unchanged, as the service behind the edge shows. What an edge overwrites, as X-Forwarded-For, doesn't count.",
    remedy: "Take these fields off requests before they are passed on: `request_header -X-Forwarded-User` in Caddy, on \
             every route, WebSockets included.",
    references: &["RFC 9110, section 17.1", "OWASP: HTTP headers of reverse proxies; facts of our own for the fields"],
    needs: Needs::A_STACK,
    find,
};

/// Fields by which services are told who is signed in, or that it is the edge that asks, in small letters.
const IDENTITY: [&str; 16] = [
    "x-forwarded-user",
    "x-forward-auth-secret",
    "x-webauth-user",
    "x-webauth-email",
    "x-webauth-fullname",
    "remote-user",
    "remote-email",
    "remote-name",
    "remote-groups",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-preferred-username",
    "x-auth-request-user",
    "x-auth-request-email",
    "x-remote-user",
    "x-authentik-username",
];

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let mut services: BTreeMap<&str, (BTreeSet<&str>, Vec<usize>)> = BTreeMap::new();
    for (id, symptom) in case.open() {
        let Some((service, arrived)) = arrived(symptom, stack) else { continue };
        let (names, explains) = services.entry(service).or_default();
        names.extend(arrived);
        explains.push(id);
    }
    let candidate = |(service, (names, explains)): (&str, (BTreeSet<&str>, Vec<usize>))| {
        let named: Vec<&str> = names.iter().copied().collect();
        // All that are known: the list takes the place of what there is.
        let known = IDENTITY.iter().copied().filter(|name| !name.starts_with("x-auth") && *name != "x-remote-user");
        let all: BTreeSet<String> = known.chain(named.iter().copied()).map(spelled).collect();
        Candidate {
            cause: format!(
                "{} of a client's own reaches the {service} as it was sent: the edge takes nothing of the kind off.",
                list(
                    &named
                        .iter()
                        .map(|name| spelled(name))
                        .collect::<Vec<_>>()
                        .iter()
                        .map(String::as_str)
                        .collect::<Vec<_>>()
                )
            ),
            fix: Some(Fix::apply(
                format!("Take fields that name a user off requests to the {service}."),
                vec![Change::Route {
                    route: service.to_owned(),
                    field: RouteField::RemoveHeaders(all.into_iter().collect()),
                }],
            )),
            observations: Vec::new(),
            explains,
        }
    };
    services.into_iter().map(candidate).collect()
}

/// The service, and the identity fields that the client sent and the service shows that it received.
fn arrived<'a>(symptom: &Symptom<'a>, stack: &'a StackFacts) -> Option<(&'a str, Vec<&'static str>)> {
    let last = symptom.last_exchange()?;
    // A WebSocket's handshake goes to an address of `ws`; its trace has the scheme of HTTP.
    let url = last.request.url.replacen("ws", "http", usize::from(last.request.url.starts_with("ws")));
    let service = service_of(&url, stack)?;
    let frames = symptom.step.and_then(|step| step.websocket.as_ref()).into_iter().flat_map(|socket| &socket.frames);
    let received = frames.filter(|frame| frame.direction == Direction::Received);
    let shown: Vec<&str> = received.filter_map(|frame| frame.excerpt.as_deref()).chain([body(last)]).collect();
    let of_request = |name: &&'static str| {
        let mut sent = last.request.headers.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        sent.any(|(_, value)| shown.iter().any(|text| shows(text, name, value)))
    };
    let arrived: Vec<&str> = IDENTITY.iter().copied().filter(of_request).collect();
    (!arrived.is_empty()).then_some((service, arrived))
}

/// The text says that this field arrived with this value: as a member of JSON, alone or in a list, or as a line of its own.
fn shows(text: &str, name: &str, value: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let value = value.to_ascii_lowercase();
    lower.match_indices(name).any(|(at, _)| {
        let before = lower[..at].chars().next_back();
        let rest = &lower[at + name.len()..];
        // `"name": ["value"`, `"name":"value"`, `Name: value`
        let quoted = before == Some('"') && rest.starts_with('"');
        let is_whole =
            quoted || (!before.is_some_and(|it| it == '-' || it.is_ascii_alphanumeric()) && rest.starts_with(':'));
        let rest = rest.trim_start_matches('"').trim_start().strip_prefix(':').map(str::trim_start).unwrap_or_default();
        let rest = rest.strip_prefix('[').map_or(rest, str::trim_start);
        let rest = rest.strip_prefix('"').unwrap_or(rest);
        is_whole
            && rest.strip_prefix(value.as_str()).is_some_and(|end| end.is_empty() || end.starts_with(['"', '\r', '\n']))
    })
}

/// `X-Forwarded-User`
fn spelled(name: &str) -> String {
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}
