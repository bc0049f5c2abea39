//! `oauth/redirect-uri-unregistered`: the provider doesn't know the address that the client wants its users back at.

use super::super::case::{Candidate, Case};
use super::super::view::called;
use super::super::{Needs, Rule};
use super::{Attempt, Blamed, blamed};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix};

pub(in super::super) static RULE: Rule = Rule {
    code: "oauth/redirect-uri-unregistered",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The OAuth callback isn't registered at the forge",
    explain: "A provider sends nobody back to an address that isn't registered for the client, letter by letter: prefix, \
              port and scheme count, and so does a slash at the end. So a sign-in ends at the provider with a 400. It \
              comes about where a service moved under a prefix, or to another host, and its application at the forge \
              still has the old address.",
    told_by: "The provider answers the authorization request itself, with 4xx and without a redirect, and the redirect \
              URI in it lies under the client's public address. Where it doesn't, the client is wrong about its own \
              address, and the registration may well be right. A client id that nobody knows looks alike but for the \
              page's words.",
    remedy: "Give the application at the forge the redirect URI that the client asks for. At Forgejo and Gitea an update \
              of an application makes a new secret, which the client has to be told.",
    references: &["RFC 6749, sections 3.1.2.3 and 4.1.2.1", "Woodpecker: the callback is WOODPECKER_HOST/authorize"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let refused = case.open_by(|symptom| {
        let attempt = Attempt::to_sign_in(symptom, stack)?;
        let (request, landing) = attempt.turned_down(stack)?;
        let is_it = request.client_id && blamed(landing) != Blamed::Client;
        let uri = attempt.asks_for_its_own(stack).filter(|_| is_it)?;
        Some((attempt.client, attempt.provider, uri, landing.status, blamed(landing)))
    });
    type Refused<'a> = (&'a str, &'a str, &'a str, u16, Blamed);
    let candidate = |((client, provider, uri, status, blamed), explains): (Refused<'_>, Vec<usize>)| {
        let (who, whom) = (called(client), called(provider));
        let or_else = match blamed {
            Blamed::RedirectUri => "",
            _ => "; were it its client id that the {whom} doesn't know, another redirect URI would change nothing",
        };
        Candidate {
            cause: format!(
                "The {who} asks the {whom} to send browsers back to {uri}, its own address, and the {whom} \
                 answers {status} and sends nobody back: another redirect URI is registered there{}.",
                or_else.replace("{whom}", whom)
            ),
            fix: Some(Fix::apply(
                format!("Register {uri} for the {who}'s OAuth application at the {whom}."),
                vec![Change::Application { service: client.to_owned(), redirect_uris: vec![uri.to_owned()] }],
            )),
            observations: Vec::new(),
            explains,
        }
    };
    refused.into_iter().map(candidate).collect()
}
