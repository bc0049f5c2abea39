//! `oauth/client-unknown`: the provider has no application with the client's id.

use super::super::case::{Candidate, Case};
use super::super::view::called;
use super::super::{Needs, Rule};
use super::{Attempt, Blamed, blamed};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix};

pub(in super::super) static RULE: Rule = Rule {
    code: "oauth/client-unknown",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The forge doesn't know the OAuth client",
    explain: "The client id that a service was given belongs to an application that the forge no longer has, or never \
              had: the application was deleted and made anew, the forge's database was replaced, or nobody filled the id \
              in. The sign-in ends at the forge with a 400.",
    told_by: "The authorization request has no `client_id`, or the provider turns it down and its page speaks of the \
              client rather than of the redirect URI.",
    remedy: "Make an application at the forge for the service, and give the service its client id and secret: for \
              Woodpecker WOODPECKER_FORGEJO_CLIENT and WOODPECKER_FORGEJO_SECRET.",
    references: &["RFC 6749, sections 2.2 and 4.1.2.1"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let refused = case.open_by(|symptom| {
        let attempt = Attempt::to_sign_in(symptom, stack)?;
        let request = attempt.phase.request.as_ref()?;
        let is_it = !request.client_id
            || attempt.turned_down(stack).is_some_and(|(_, landing)| blamed(landing) != Blamed::RedirectUri);
        // Where the client doesn't know its own address either, that is to be put right first.
        let is_it = is_it && attempt.asks_for_its_own(stack).is_some();
        is_it.then_some((attempt.client, attempt.provider, request.client_id))
    });
    let candidate = |((client, provider, has_id), explains): ((&str, &str, bool), Vec<usize>)| {
        let (who, whom) = (called(client), called(provider));
        let cause = if has_id {
            format!("The {whom} turns down the client id that the {who} comes with: it has no such application.")
        } else {
            format!("The {who} was given no OAuth client id, so the {whom} doesn't know who asks.")
        };
        let fix = Fix::apply(
            format!("Give the {who} the client id and the secret of its application at the {whom}."),
            vec![Change::ApplicationSecret { service: client.to_owned() }],
        );
        let file = format!("environment of {client}");
        let fix =
            if client == "ci" { fix.line(file, "WOODPECKER_FORGEJO_CLIENT=the id that the forge shows") } else { fix };
        Candidate { cause, fix: Some(fix), observations: Vec::new(), explains }
    };
    refused.into_iter().map(candidate).collect()
}
