//! `ci/registration-closed`: the CI lets nobody in whom it doesn't know.

use super::super::case::{Candidate, Case};
use super::super::view::service_of;
use super::super::{Needs, Rule};
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix};

pub(in super::super) static RULE: Rule = Rule {
    code: "ci/registration-closed",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The CI lets nobody in whom it doesn't know",
    explain: "Woodpecker takes new users only where it is told so: without WOODPECKER_OPEN a sign-in of somebody who \
              isn't an administrator ends at its login page, though all else is right.",
    told_by: "The code was redeemed, and the CI's own error is that registration is closed. An error about the state, \
              the secret or a denial has other words.",
    remedy: "Set WOODPECKER_OPEN=true, or name the user in WOODPECKER_ADMIN.",
    references: &["Woodpecker: WOODPECKER_OPEN, WOODPECKER_ADMIN"],
    needs: Needs { services: &["ci"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let closed = case.open_by(|symptom| {
        let phase = symptom.step?.oauth.as_ref()?.phases.last()?;
        let landing = phase.landing.as_ref()?;
        let error = landing.error.as_deref().filter(|error| error.contains("registration"))?;
        (service_of(&landing.url, stack) == Some("ci")).then_some(error)
    });
    let candidate = |(error, explains): (&str, Vec<usize>)| Candidate {
        cause: format!("The sign-in ends at the CI's own error={error}: it takes no users whom it doesn't know yet."),
        fix: Some(Fix::apply(
            "Let everybody in who can sign in at the forge.",
            vec![Change::Setting {
                service: "ci".to_owned(),
                name: "WOODPECKER_OPEN".to_owned(),
                value: Some("true".to_owned()),
            }],
        )),
        observations: Vec::new(),
        explains,
    };
    closed.into_iter().map(candidate).collect()
}
