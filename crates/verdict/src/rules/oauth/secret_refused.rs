//! `oauth/secret-refused`: the code was good, and the client could not redeem it.

use super::super::case::{Candidate, Case};
use super::super::view::{called, log};
use super::super::{Needs, Rule};
use super::{Attempt, provider_unreachable, redeeming};
use crate::finding::{Class, Observation, Severity};
use crate::fix::{Change, Fix};

pub(in super::super) static RULE: Rule = Rule {
    code: "oauth/secret-refused",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The forge refuses the OAuth client's secret",
    explain: "The user signs in and consents, the code comes to the client, and the client's own request for a token is \
              turned down. Every update of an application at Forgejo and Gitea makes a new secret, so it is usually a \
              secret that was good until somebody corrected a redirect URI.",
    told_by: "A good authorization response, the state unchanged, and an error at the client's own page that is neither \
              about the state nor about who may come in. The client's log has the token endpoint's words \
              (`invalid_client`, `unauthorized_client`); where the log speaks of a connection it can't reach the provider.",
    remedy: "Make a new secret at the forge and give it to the client: WOODPECKER_FORGEJO_SECRET for Woodpecker.",
    references: &["RFC 6749, sections 4.1.3 and 5.2", "Forgejo and Gitea: PATCH on an application makes a new secret"],
    needs: Needs::A_STACK,
    find,
};

/// The words of a token endpoint that doesn't know the secret (RFC 6749, section 5.2; RFC 6749 has the one, and both forges
/// answer the other).
const REFUSED: [&str; 3] = ["invalid_client", "unauthorized_client", "client secret"];

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let failed = case.open_by(|symptom| {
        let attempt = Attempt::to_sign_in(symptom, stack)?;
        let error = redeeming(&attempt, stack)?;
        Some((attempt.client, attempt.provider, error))
    });
    let candidate = |((client, provider, error), explains): ((&str, &str, String), Vec<usize>)| {
        let (who, whom) = (called(client), called(provider));
        let said = log(case.evidence, client).filter(|line| REFUSED.iter().any(|word| line.contains(word))).last();
        // The secret was good, and what came with the code wasn't (RFC 7636, section 4.6).
        if said.is_some_and(|line| line.contains("PKCE") || line.contains("code_verifier")) {
            return None;
        }
        if said.is_none() && provider_unreachable::words(case.evidence, client).is_some() {
            return None;
        }
        let told = match said {
            Some(_) => {
                format!("the {whom}'s token endpoint refused the client secret, as the {who}'s log has it")
            }
            None => format!(
                "its secret is not the {whom}'s, or it doesn't reach the {whom}'s token endpoint, which the \
                 {who}'s log tells apart"
            ),
        };
        let observation = said
            .map(|line| Observation { quote: vec![line.to_owned()], ..Observation::new(format!("the {who}'s log")) });
        Some(Candidate {
            cause: format!("A good code comes to the {who}, which ends at {error}: {told}."),
            fix: Some(Fix::apply(
                format!("Make a new secret for the {who}'s application at the {whom}, and give it to the {who}."),
                vec![Change::ApplicationSecret { service: client.to_owned() }],
            )),
            observations: observation.into_iter().collect(),
            explains,
        })
    };
    failed.into_iter().filter_map(candidate).collect()
}
