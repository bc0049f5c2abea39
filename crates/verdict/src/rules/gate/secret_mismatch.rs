//! `gate/secret-mismatch`: edge and gate don't share a secret.

use super::super::case::{Candidate, Case, SymptomId};
use super::super::view::called;
use super::super::{Needs, Rule};
use super::refused;
use crate::evidence::StackKind;
use crate::finding::{Class, Severity};
use crate::fix::{Change, Fix};

pub(in super::super) static RULE: Rule = Rule {
    code: "gate/secret-mismatch",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "Edge and gate have different secrets",
    explain: "The gate answers nobody but the edge, which shows a secret that only the two know (FORWARD_AUTH_SECRET). Where they hold \
              different ones, or a template left its placeholder in one of them (`<no value>`), everybody is refused, signed in or not.",
    told_by: "The gate's own answer comes through the edge: 403 with the reason wrong_secret, for people without a session too. A gate \
              that merely doesn't know the visitor answers 401, and a stranger is refused by name.",
    remedy: "Generate one secret and give it to both: FORWARD_AUTH_SECRET in the service's environment, and \
             `header_up X-Forward-Auth-Secret` under `forward_auth` in Caddy. Quote it: a template may drop what looks like markup.",
    references: &["Caddy, forward_auth, header_up"],
    needs: Needs::A_STACK,
    find,
};

/// How the edge shows the secret in a Caddyfile.
const SHOWN: &str = "header_up X-Forward-Auth-Secret";

const ELSEWHERE: &str = "Compare what the edge shows with what the gate holds, letter by letter: something between the setting and the program \
                         changes one of them.";

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let candidate = |(service, explains): (&str, Vec<SymptomId>)| {
        let seed = Change::GateSecret { service: service.to_owned() };
        let mut fixes = vec![Fix::apply("Generate a secret, and give it to the edge and to the gate.", vec![seed])];
        if stack.kind == StackKind::Containers {
            // They were given the same, and what the edge shows is written in its Caddyfile.
            let (name, value) = (SHOWN.to_owned(), Some(format!("{SHOWN} {{env.FORWARD_AUTH_SECRET}}")));
            let summary = "Show the gate the secret that the edge was given, rather than what a template left there.";
            fixes.push(Fix::apply(summary, vec![Change::Directive { name, value }]));
        }
        Candidate {
            cause: format!(
                "The gate of the {} takes the edge for a stranger: the secret that it shows is wrong.",
                called(service)
            ),
            fix: Some(case.first_left(RULE.code, fixes, ELSEWHERE)),
            observations: Vec::new(),
            explains,
        }
    };
    refused(case, "wrong_secret", stack).into_iter().map(candidate).collect()
}
