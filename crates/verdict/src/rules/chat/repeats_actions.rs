//! `chat/repeats-actions`: two clicks on one button are two actions.

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Asked, found};
use crate::evidence::Exchange;
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/repeats-actions",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "Two clicks on one button are two actions",
    explain: "A click that isn't answered at once is made again, by impatient people and by browsers that send a \
              request once more. Each proposal has an id so that the chat can tell; where it doesn't, issues, pull \
              requests and pipelines are there twice.",
    told_by: "The same proposal was sent twice, and the second answer names another thing than the first.",
    remedy: "Have the chat keep the answer by the proposal's id, and give it again.",
    references: &["RFC 9110, section 9.2.2"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str = "Upgrade to a chat that carries a proposal out once, by its id.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let request = &asked.exchange.request;
    let is_same = |other: &&Exchange| {
        let other = &other.request;
        other.method == "POST" && other.url == request.url && other.body_bytes == request.body_bytes
    };
    let again = number(asked.exchange).filter(|_| asked.path.starts_with("/action/"))?;
    let first = asked.before().into_iter().filter(is_same).find_map(number)?;
    (first != again).then(|| format!("{} was sent twice, and made {first} and then {again}.", asked.line()))
}

/// The number of what was made.
fn number(exchange: &Exchange) -> Option<u64> {
    let content = exchange.response.as_ref().filter(|response| response.status < 300)?.body_excerpt.as_deref()?;
    let rest = content.split("\"number\":").nth(1)?.trim_start();
    let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}
