//! `chat/history-of-others`: everybody reads everybody's conversations.

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Asked, found};
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/history-of-others",
    class: Class::Security,
    severity: Severity::Error,
    title: "Everybody reads everybody's conversations",
    explain: "A conversation is somebody's own. Where the chat finds it by its id alone, whoever is signed in and \
              learns the id reads it; ids stand in logs, in addresses and in what people copy.",
    told_by: "Somebody who is signed in asked for a conversation of somebody else's, which was to be as good as \
              absent, and it came.",
    remedy: "Have the chat look a conversation up by the person and the id together, and answer 404 otherwise.",
    references: &["OWASP: Insecure Direct Object References", "RFC 9110, section 15.5.5"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str = "Upgrade to a chat that looks conversations up by their owner.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    // A UUID at least.
    let is_one = asked.path.strip_prefix("/history/").is_some_and(|rest| rest.len() >= 36);
    (is_one && asked.is_let_in() && asked.expected_status(&["403", "404"]))
        .then(|| format!("{} gives somebody the conversation of somebody else.", asked.line()))
}
