//! `oauth/state-lost`: the client doesn't know the state again that it gave out.

use super::super::case::{Candidate, Case};
use super::super::view::called;
use super::super::{Needs, Rule};
use super::Attempt;
use crate::evidence::StateComparison;
use crate::finding::{Class, Severity};
use crate::fix::Fix;

pub(in super::super) static RULE: Rule = Rule {
    code: "oauth/state-lost",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The client doesn't know its own state again",
    explain: "A client gives out a state with the authorization request and compares it at its callback. It fails where \
              something on the way changes or drops the parameter, where the cookie that holds it doesn't come back, or \
              where another instance with another key answers the callback.",
    told_by: "The first sign-in of a browser comes to the callback and ends at an error about the state; or the state \
              comes back as another one, or not at all. A forged state that is refused is as it should be.",
    remedy: "Look at the hop that sends the browser back: is the state the one that was given out? If so look at the \
              client's cookies, at its clock, and at whether several instances share a key.",
    references: &["RFC 6749, sections 4.1.2 and 10.12"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let lost = case.open_by(|symptom| {
        let attempt = Attempt::to_sign_in(symptom, stack)?;
        let (request, response) = (attempt.phase.request.as_ref()?, attempt.phase.response.as_ref()?);
        let changed = request.state && response.error.is_none() && response.state != StateComparison::Same;
        let error = attempt.phase.landing.as_ref().and_then(|landing| landing.error.as_deref());
        let unknown = error.filter(|error| error.contains("state"));
        (changed || unknown.is_some()).then_some((attempt.client, attempt.provider, changed, unknown))
    });
    let candidate =
        |((client, provider, changed, unknown), explains): ((&str, &str, bool, Option<&str>), Vec<usize>)| {
            let (who, whom) = (called(client), called(provider));
            let cause = match (changed, unknown) {
                (true, _) => format!(
                    "The state that the {who} gave out doesn't come back as it was: the {whom}, or what stands before \
                 it, changes or drops it."
                ),
                (false, error) => format!(
                    "The {who} is handed the very state that it gave out and ends at {}: it doesn't know it any more.",
                    error.unwrap_or("an error")
                ),
            };
            let fix = Fix::advice(if changed {
                "Find what rewrites the query of the redirect to the callback, and take it out."
            } else {
                "See that the client's instances share their key and their clock, and that its cookies come back to it."
            });
            Candidate { cause, fix: Some(fix), observations: Vec::new(), explains }
        };
    lost.into_iter().map(candidate).collect()
}
