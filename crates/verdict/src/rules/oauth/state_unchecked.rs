//! `oauth/state-unchecked`: a sign-in that this browser never began signs it in.

use super::super::case::{Candidate, Case, Symptom};
use super::super::view::{called, service_of};
use super::super::{Needs, Rule};
use crate::evidence::{OAuthPhaseKind, StackFacts};
use crate::finding::{Class, Severity};
use crate::fix::Fix;

pub(in super::super) static RULE: Rule = Rule {
    code: "oauth/state-unchecked",
    class: Class::Security,
    severity: Severity::Error,
    title: "A sign-in can be finished that nobody began",
    explain: "The client accepts a code with a state that it never gave out, or that it gave to another browser. So \
              anybody can have a user's browser sign in to an account that isn't the user's, and see what the user then \
              puts there.",
    told_by: "A good code was sent to the callback with a forged state, or by a browser without cookies, and the answer \
              set the client's session cookie. A client that begins anew, or answers an error, refuses.",
    remedy: "Bind the state to the browser by a cookie at the beginning, and compare both at the callback; upgrade a \
              client that doesn't.",
    references: &["RFC 6749, section 10.12", "RFC 9700, section 4.7"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let accepted = case.open_by(|symptom| accepted(symptom, stack));
    let candidate = |((client, how, cookie), explains): ((&str, &str, &str), Vec<usize>)| Candidate {
        cause: format!(
            "At the callback of the {} {how} gets a session: it is handed the cookie {cookie}.",
            called(client)
        ),
        fix: Some(Fix::advice(format!(
            "Have the {} bind its state to the browser that began, by a cookie, and refuse any other.",
            called(client)
        ))),
        observations: Vec::new(),
        explains,
    };
    accepted.into_iter().map(candidate).collect()
}

/// Client, what was tried, and the session cookie that the callback set all the same.
fn accepted<'a>(symptom: &Symptom<'a>, stack: &'a StackFacts) -> Option<(&'a str, &'static str, &'a str)> {
    let (step, record) = (symptom.step?, symptom.step?.oauth.as_ref()?);
    // The walk goes on after an attack that came through: which one it was the failure says.
    let message = symptom.failure.map_or("", |failure| failure.message.as_str());
    let (kind, how) = ATTACKS.into_iter().find(|(_, begins, _)| message.starts_with(begins)).map_or_else(
        || {
            let last = record.phases.last()?;
            ATTACKS.into_iter().find(|(kind, ..)| *kind == last.kind).map(|(kind, _, how)| (kind, how))
        },
        |(kind, _, how)| Some((kind, how)),
    )?;
    let at = record.phases.iter().rposition(|phase| phase.kind == kind)?;
    let phase = &record.phases[at];
    let end = record.phases.get(at + 1).map_or(step.trace.len(), |next| next.first_exchange);
    let trace = step.trace.get(phase.first_exchange..end)?;
    let client = service_of(&trace.first()?.request.url, stack)?;
    // The callback is the last exchange at the client that has an answer for it in its query.
    let at_callback = trace.iter().skip(1).filter(|exchange| {
        let url = exchange.request.url.as_str();
        service_of(url, stack) == Some(client)
            && url.split_once('?').is_some_and(|(_, query)| query.contains("code=") || query.contains("error="))
    });
    let set = at_callback.filter_map(|exchange| exchange.response.as_ref()).flat_map(|response| &response.set_cookies);
    let mut handed_out = set.filter(|cookie| !cookie.deleted && cookie.refused.is_none());
    let cookie = handed_out.find(|cookie| phase.session.contains(&cookie.name))?;
    let refused = phase.landing.as_ref().is_some_and(|landing| landing.error.is_some() || landing.status >= 400);
    (!refused).then_some((client, how, cookie.name.as_str()))
}

/// What is tried, how the failure of a client begins that lets it through, and how it is told.
const ATTACKS: [(OAuthPhaseKind, &str, &str); 3] = [
    (OAuthPhaseKind::ForgedState, "a forged state ", "a good code with a forged state"),
    (OAuthPhaseKind::AnotherBrowser, "another browser ", "a browser that never began to sign in, with another's code,"),
    (OAuthPhaseKind::Error, "an error in the provider's place ", "an error in the provider's place"),
];
