//! `oauth/endpoint-elsewhere`: the client sends browsers to the right site, and not to its provider.

use super::super::case::{Candidate, Case};
use super::super::view::{called, is_below, is_of_site, public_url};
use super::super::{Needs, Rule};
use super::{Attempt, provider_address};
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "oauth/endpoint-elsewhere",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The client looks for the forge at the wrong path",
    explain: "The client was given the site's address for its provider's, without the prefix or with another service's: \
              browsers that want to sign in come to a page that is nobody's.",
    told_by: "The redirect that begins the sign-in leads to the site, and not below the provider's public address.",
    remedy: "Give the client the provider's public address with its prefix: WOODPECKER_FORGEJO_URL for Woodpecker.",
    references: &["RFC 6749, section 3.1"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let sent_away = case.open_by(|symptom| {
        let attempt = Attempt::of(symptom, stack)?;
        let endpoint = attempt.phase.request.as_ref()?.endpoint.as_str();
        let is_elsewhere = is_of_site(endpoint, stack) && !is_below(endpoint, &public_url(attempt.provider, stack));
        is_elsewhere.then_some((attempt.client, attempt.provider, endpoint))
    });
    let candidate = |((client, provider, endpoint), explains): ((&str, &str, &str), Vec<usize>)| {
        let (who, whom) = (called(client), called(provider));
        let public = public_url(provider, stack);
        let summary = format!("Give the {who} the address at which browsers reach the {whom}");
        Candidate {
            cause: format!("The {who} sends browsers to {endpoint} to sign in, and the {whom} is at {public}."),
            fix: Some(provider_address(client, provider, stack, &summary)),
            observations: Vec::new(),
            explains,
        }
    };
    sent_away.into_iter().map(candidate).collect()
}
