//! `chat/user-not-listed`: the forge knows the user, and the chat's list doesn't.

use super::super::case::{Candidate, Case, SymptomId};
use super::super::view::{is_html, path_of, public_url, service_of, status};
use super::super::{Needs, Rule};
use crate::evidence::{Exchange, StackFacts};
use crate::finding::{Class, Severity};
use crate::fix::Fix;

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/user-not-listed",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The chat's list of users lacks this one",
    explain: "An account at the forge is not yet a place in the chat: DISINTO_CHAT_ALLOWED_USERS names who may use it. Somebody else signs \
              in at the forge, comes back with a good code, and is told that they aren't allowed.",
    told_by: "The sign-in goes all the way: the forge's code is good, the chat redeems it, and its callback then answers 403 with a page of \
              its own. A code or a state that it doesn't take is a 400, and a forge that it can't reach a 502.",
    remedy: "Name the user in DISINTO_CHAT_ALLOWED_USERS, with commas between names, and restart the chat.",
    references: &["docs/chat.md, Settings"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let explains: Vec<SymptomId> = case
        .open()
        // In the step that failed: a stranger may well have been refused before, as was expected.
        .filter(|(_, symptom)| symptom.step.is_some_and(|step| step.trace.iter().any(|it| is_refusal(it, stack))))
        .map(|(id, _)| id)
        .collect();
    if explains.is_empty() {
        return Vec::new();
    }
    vec![Candidate {
        cause: "The user signs in at the forge, and the chat's callback answers 403: they aren't on its list."
            .to_owned(),
        fix: Some(
            Fix::advice("Name the user in the chat's list, if they are to use it.")
                .line("environment of chat", "DISINTO_CHAT_ALLOWED_USERS=…,NAME"),
        ),
        observations: Vec::new(),
        explains,
    }]
}

/// The callback was given a code, and refuses the person.
fn is_refusal(exchange: &Exchange, stack: &StackFacts) -> bool {
    let url = &exchange.request.url;
    let is_callback = service_of(url, stack) == Some("chat")
        && path_of(url) == format!("{}/oauth/callback", path_of(&public_url("chat", stack)).trim_end_matches('/'));
    let is_page = exchange.response.as_ref().is_some_and(is_html);
    is_callback && url.contains("code=") && status(exchange) == Some(403) && is_page
}
