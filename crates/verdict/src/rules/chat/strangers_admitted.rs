//! `chat/strangers-admitted`: everybody with an account at the forge gets into the chat.

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Asked, SESSION, begins_session, found};
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/strangers-admitted",
    class: Class::Security,
    severity: Severity::Error,
    title: "Everybody with an account at the forge gets into the chat",
    explain: "An account at the forge says who somebody is, not that they may use the chat, where a model works on \
              the project's tree and actions are taken with the chat's own token. On a forge with open \
              registration that is anybody.",
    told_by: "Somebody who isn't on the chat's list signed in by way of the forge, was to be refused with 403, and \
              was handed a session.",
    remedy: "Set DISINTO_CHAT_ALLOWED_USERS to the names of those who may. A chat that has such a list and lets \
              others in must be mended.",
    references: &["RFC 6749, section 1", "facts of our own for the setting"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str =
    "Check DISINTO_CHAT_ALLOWED_USERS; where the person isn't on it, upgrade to a chat that heeds its list.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let step = asked.symptom.step?;
    let failure = step.failures.iter().find(|failure| failure.message.starts_with("the status "))?;
    let is_refusal = failure.expected.as_deref().is_some_and(|expected| expected.contains("403"));
    let is_handed_out = step.trace.iter().any(begins_session);
    (is_refusal && is_handed_out && asked.is_let_in())
        .then(|| format!("Who was to be refused is handed {SESSION}, and reads {}.", asked.exchange.request.url))
}
