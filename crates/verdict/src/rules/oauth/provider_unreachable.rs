//! `oauth/provider-unreachable`: the client itself doesn't reach its provider.

use super::super::case::{Candidate, Case};
use super::super::view::{called, log, public_url};
use super::super::{Needs, Rule};
use super::{Attempt, provider_address, redeeming};
use crate::evidence::Evidence;
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix};

pub(in super::super) static RULE: Rule = Rule {
    code: "oauth/provider-unreachable",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The client doesn't reach the forge",
    explain: "Browsers find their way to the provider and back, and the client, which has to redeem the code, calls an \
              address at which no provider is. Woodpecker calls WOODPECKER_FORGEJO_URL, whatever it tells browsers.",
    told_by: "A good authorization response, an error at the client's own page, and a failed connection or a name that \
              doesn't resolve in the client's log. A refused secret has other words there.",
    remedy: "Give the client an address of the provider that it reaches: the public one, if the edge's name resolves on \
              its network.",
    references: &["RFC 6749, section 4.1.3", "Woodpecker: WOODPECKER_FORGEJO_URL"],
    needs: Needs::A_STACK,
    find,
};

/// What programs say of connections that didn't come about.
const NO_CONNECTION: [&str; 8] = [
    "connection refused",
    "no such host",
    "can't be resolved",
    "not known",
    "dial tcp",
    "can't connect",
    "no route to host",
    "server misbehaving",
];

/// What the chat's own page says of a forge that it didn't reach.
const ITS_PAGE: &str = "the forge doesn't answer";

/// The last line of the client's log that speaks of a sign-in and of a connection that didn't come about.
pub(super) fn words<'a>(evidence: &'a Evidence, client: &'a str) -> Option<&'a str> {
    let is_it = |line: &&str| {
        let line = line.to_lowercase();
        let is_sign_in = ["oauth", "token", "authenticate", "user info"].iter().any(|word| line.contains(word));
        is_sign_in && NO_CONNECTION.iter().any(|word| line.contains(word))
    };
    log(evidence, client).filter(is_it).last()
}

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let failed = case.open_by(|symptom| {
        let attempt = Attempt::to_sign_in(symptom, stack)?;
        redeeming(&attempt, stack)?;
        let page = attempt.phase.landing.as_ref().and_then(|landing| landing.says.as_deref());
        let page = page.filter(|says| says.to_lowercase().contains(ITS_PAGE));
        Some((attempt.client, attempt.provider, words(case.evidence, attempt.client).or(page)?))
    });
    let candidate = |((client, provider, line), explains): ((&str, &str, &str), Vec<usize>)| {
        let (who, whom) = (called(client), called(provider));
        Candidate {
            cause: format!("A good code comes to the {who}, which then doesn't reach the {whom} by itself."),
            fix: Some(match client {
                // What it tells browsers is another setting of the chat's.
                "chat" => Fix::apply(
                    "Give the chat an address at which it reaches the forge.",
                    vec![Change::Setting {
                        service: client.to_owned(),
                        name: "FORGE_URL".to_owned(),
                        value: Some(public_url(provider, stack)),
                    }],
                ),
                _ => provider_address(
                    client,
                    provider,
                    stack,
                    &format!("Give the {who} an address at which it reaches the {whom}"),
                ),
            }),
            observations: vec![Observation {
                quote: vec![line.to_owned()],
                ..Observation::new(format!("the {who} says so"))
            }],
            explains,
        }
    };
    failed.into_iter().map(candidate).collect()
}
