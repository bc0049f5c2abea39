//! `chat/page-without-policy`: the chat's page has no Content-Security-Policy.

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Asked, found};
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/page-without-policy",
    class: Class::Security,
    severity: Severity::Error,
    title: "The chat's page has no Content-Security-Policy",
    explain: "The page shows what a model writes, and that can be steered by whoever wrote what the model read. \
              Should one piece of it ever become markup, a policy keeps scripts of others from running and data \
              from leaving.",
    told_by: "The page was to have the field Content-Security-Policy, and came without it.",
    remedy: "Have the chat send a policy of `default-src 'none'` and its own addresses; until then the edge can \
              add one, by `header /chat/* Content-Security-Policy …`.",
    references: &["Content Security Policy Level 3", "OWASP: Content Security Policy"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str = "Upgrade to a chat that sends a Content-Security-Policy with its page, or have the edge add one.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let failure = asked.symptom.failure?;
    let is_about_it = failure.message.to_ascii_lowercase().contains("`content-security-policy`");
    (is_about_it && asked.is_let_in() && asked.response.header("content-security-policy").is_none())
        .then(|| format!("{} comes without a Content-Security-Policy.", asked.line()))
}
