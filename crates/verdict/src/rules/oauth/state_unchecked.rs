//! `oauth/state-unchecked`: a sign-in that this browser never began signs it in.

use super::super::case::{Candidate, Case, Symptom};
use super::super::view::called;
use super::super::{Needs, Rule};
use super::Attempt;
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
    let attempt = Attempt::of(symptom, stack)?;
    let how = match attempt.phase.kind {
        OAuthPhaseKind::ForgedState => "a good code with a forged state",
        OAuthPhaseKind::AnotherBrowser => "a browser that never began to sign in, with another's code,",
        OAuthPhaseKind::Error => "an error in the provider's place",
        OAuthPhaseKind::First | OAuthPhaseKind::Again => return None,
    };
    let trace = symptom.step.map(|step| step.trace.as_slice()).unwrap_or_default();
    // The callback is the last exchange at the client that has an answer for it in its query.
    let at_callback = trace.iter().skip(attempt.phase.first_exchange + 1).filter(|exchange| {
        let url = exchange.request.url.as_str();
        super::service_of(url, stack) == Some(attempt.client)
            && url.split_once('?').is_some_and(|(_, query)| query.contains("code=") || query.contains("error="))
    });
    let set = at_callback.filter_map(|exchange| exchange.response.as_ref()).flat_map(|response| &response.set_cookies);
    let mut handed_out = set.filter(|cookie| !cookie.deleted && cookie.refused.is_none());
    let cookie = handed_out.find(|cookie| attempt.phase.session.contains(&cookie.name))?;
    let refused =
        attempt.phase.landing.as_ref().is_some_and(|landing| landing.error.is_some() || landing.status >= 400);
    (!refused).then_some((attempt.client, how, cookie.name.as_str()))
}
