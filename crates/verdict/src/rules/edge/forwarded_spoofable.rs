//! `edge/forwarded-spoofable`: what a client says of its own way to the edge reaches a service.

use super::{is_with, without_directive};
use crate::finding::{Class, Observation, Severity};
use crate::rules::case::{Candidate, Case, Symptom, SymptomId};
use crate::rules::view::View;
use crate::rules::{Needs, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    code: "edge/forwarded-spoofable",
    class: Class::Security,
    severity: Severity::Error,
    title: "Clients may say themselves by which host they came",
    explain: "Services believe X-Forwarded-Host, -Proto and -For, since the edge sets them. Where the edge passes on what a client \
              sent, anybody writes addresses into a service's answers, and gets around what goes by the client's address.",
    told_by: "A request was sent with a made-up value, and a service that shows its requests shows that value.",
    remedy: "Trust no proxies before the edge but your own: take `trusted_proxies` out or narrow it, and set no `header_up` from \
              the client's fields.",
    references: &["Caddy, reverse_proxy directive, defaults; trusted_proxies", "RFC 7239, section 8.1"],
    needs: Needs::A_STACK,
    find,
};

const FIELDS: [&str; 3] = ["x-forwarded-host", "x-forwarded-proto", "x-forwarded-for"];

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(view) = case.view() else { return Vec::new() };
    (0..view.homes.len()).filter_map(|home| of(case, view, home)).collect()
}

fn of(case: &Case<'_>, view: &View<'_>, home: usize) -> Option<Candidate> {
    let mut observations: Vec<Observation> = Vec::new();
    for reflection in view.reflections().filter(|reflection| reflection.index == home) {
        for field in FIELDS {
            let (Some(sent), Some(found)) = (reflection.sent(field), reflection.header(field)) else { continue };
            if found.split(',').any(|part| part.trim() == sent) {
                observations.push(reflection.seen.observation(format!("sent and arrived: {field}: {sent}")));
            }
        }
    }
    let is_about = |symptom: &Symptom<'_>| {
        let names_field = symptom.failure.is_some_and(|failure| {
            let message = failure.message.to_ascii_lowercase();
            FIELDS.iter().any(|field| message.contains(field))
        });
        names_field && symptom.last_exchange().is_some_and(|exchange| is_with(view, home, exchange))
    };
    let explains: Vec<SymptomId> = case.open().filter(|(_, symptom)| is_about(symptom)).map(|(id, _)| id).collect();
    let service = &view.homes[home].service;
    (!observations.is_empty() && !explains.is_empty()).then(|| Candidate {
        cause: format!("What a client says of the way that it came reaches {service} as the edge's word."),
        fix: Some(without_directive(case, RULE.code, "trusted_proxies", "Trust no client to say how it came.")),
        observations,
        explains,
    })
}
