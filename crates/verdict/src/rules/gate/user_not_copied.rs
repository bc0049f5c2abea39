//! `gate/user-not-copied`: the gate says who is signed in, and the edge doesn't hand it on.

use super::super::case::{Candidate, Case, SymptomId};
use super::super::view::called;
use super::super::{Needs, Rule};
use super::refused;
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix, RouteField};

pub(in super::super) static RULE: Rule = Rule {
    code: "gate/user-not-copied",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The edge doesn't hand on who is signed in",
    explain: "The edge asks the gate who may pass, and the gate answers with the user's name in X-Forwarded-User. Where the edge asks \
              nobody, or doesn't copy that field, the service behind it gets a request with a session and without a name, and \
              refuses it: it can't tell whether an edge that it trusts let the request through. Who isn't signed in notices nothing.",
    told_by: "The service answers 403 with the reason identity_not_copied to requests with a session. Where edge and service \
              disagree about their secret the reason is wrong_secret, and a stranger is refused by name.",
    remedy: "In Caddy: `forward_auth SERVICE { uri /chat/auth/verify; header_up X-Forward-Auth-Secret …; copy_headers X-Forwarded-User }` \
             before the `reverse_proxy` of every gated path.",
    references: &["Caddy, forward_auth, copy_headers"],
    needs: Needs::A_STACK,
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let candidate = |(service, explains): (&str, Vec<SymptomId>)| {
        let change = Change::Route {
            route: service.to_owned(),
            field: RouteField::GateCopies(vec!["X-Forwarded-User".to_owned()]),
        };
        let fix = Fix::apply(format!("Ask the gate before {service}, and hand on whom it names."), vec![change]);
        Candidate {
            cause: format!("The {} gets requests with a session and without X-Forwarded-User.", called(service)),
            fix: Some(case.unless_refuted(RULE.code, fix, "Something else takes X-Forwarded-User off on the way.")),
            observations: Vec::new(),
            explains,
        }
    };
    refused(case, "identity_not_copied", stack).into_iter().map(candidate).collect()
}
