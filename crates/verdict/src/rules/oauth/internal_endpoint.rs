//! `oauth/internal-endpoint`: the client sends browsers to its provider by an address that isn't the site's.

use super::super::case::{Candidate, Case};
use super::super::view::{called, is_of_site, service_of, without_query};
use super::super::{Needs, Rule};
use super::{Attempt, provider_address};
use crate::evidence::Exchange;
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "oauth/internal-endpoint",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "Browsers are sent to an address that isn't the site's",
    explain: "The client knows its provider by an address of the container network, and hands that out to browsers, which \
              can't reach it. The client's own calls work, so all but the sign-in does.",
    told_by: "The redirect that begins the sign-in leads to another origin than the site's. The redirect is the \
              client's: where the provider sends browsers astray later on, the provider's own address is wrong.",
    remedy: "Give the client the provider's public address. Woodpecker has WOODPECKER_FORGEJO_URL for it, or, for \
              browsers alone, WOODPECKER_EXPERT_FORGE_OAUTH_HOST.",
    references: &["RFC 6749, section 3.1", "Woodpecker: WOODPECKER_FORGEJO_URL, WOODPECKER_EXPERT_FORGE_OAUTH_HOST"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let sent_away = case.open_by(|symptom| {
        let attempt = Attempt::of(symptom, stack)?;
        let endpoint = attempt.phase.request.as_ref()?.endpoint.as_str();
        (!is_of_site(endpoint, stack)).then_some((attempt.client, attempt.provider, endpoint))
    });
    let mut claimed: Vec<usize> = sent_away.values().flatten().copied().collect();
    let mut sent_away = sent_away;
    for ((client, _, endpoint), explains) in &mut sent_away {
        // Whoever went there in another way ended there as well.
        let went = |exchange: &Exchange| {
            let location = exchange.response.as_ref().and_then(|response| response.header("location"));
            service_of(&exchange.request.url, stack) == Some(*client)
                && location.is_some_and(|location| without_query(location) == *endpoint)
        };
        let others =
            case.open().filter(|(id, symptom)| !claimed.contains(id) && symptom.history().into_iter().any(went));
        let others: Vec<usize> = others.map(|(id, _)| id).collect();
        claimed.extend(&others);
        explains.extend(others);
    }
    let candidate = |((client, provider, endpoint), explains): ((&str, &str, &str), Vec<usize>)| {
        let (who, whom) = (called(client), called(provider));
        let summary = format!("Give the {who} the address at which browsers reach the {whom}");
        Candidate {
            cause: format!(
                "The {who} sends browsers to {endpoint} to sign in, an address that isn't one of {}.",
                stack.base_url
            ),
            fix: Some(provider_address(client, provider, stack, &summary)),
            observations: Vec::new(),
            explains,
        }
    };
    sent_away.into_iter().map(candidate).collect()
}
