//! `chat/token-told`: the chat tells its pages a token.

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Asked, found};
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/token-told",
    class: Class::Security,
    severity: Severity::Error,
    title: "The chat tells its pages a token",
    explain: "Actions are carried out with tokens of the chat's own, so that no browser has to hold one. A token \
              that stands in an answer is known to everybody who is signed in, to every script of the page and to \
              whatever keeps answers.",
    told_by: "An answer to a browser, in which there should have been none, has a field that is called a token, a \
              secret or a key, with a value in it.",
    remedy: "Revoke the token at the forge, since it is known now, and make a new one; have the chat keep it to \
              itself.",
    references: &["RFC 6750, section 5.3"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str = "Revoke the token and make a new one; upgrade to a chat that keeps it to itself.";

/// What such fields are called.
const NAMES: [&str; 6] = ["token", "forge_token", "access_token", "api_token", "secret", "api_key"];

fn cause(asked: &Asked<'_>) -> Option<String> {
    let content = asked.response.body_excerpt.as_deref().filter(|_| asked.is_let_in())?;
    let is_about_content = asked.symptom.failure.is_some_and(|failure| failure.message.starts_with("the content "));
    let content: String = content.chars().filter(|character| !character.is_whitespace()).collect();
    let has_value = |name: &&str| {
        let value = content.split(&format!("\"{name}\":\"")).nth(1);
        value.is_some_and(|value| !value.starts_with('"'))
    };
    let name = NAMES.iter().find(|name| has_value(name)).filter(|_| is_about_content)?;
    Some(format!("{} answers with a field `{name}`.", asked.line()))
}
