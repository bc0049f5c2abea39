//! `chat/forge-token-refused`: the forge doesn't take the token with which the chat acts.

use super::super::case::{Candidate, Case, SymptomId};
use super::super::view::{body, json_string, path_of, service_of, status};
use super::super::{Needs, Rule};
use crate::evidence::{Exchange, StackFacts};
use crate::finding::{Class, Severity};
use crate::fix::Fix;

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/forge-token-refused",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The forge refuses the chat's token",
    explain: "Issues and pull requests are made with FORGE_TOKEN, which the chat alone holds. A token that was deleted, has expired, or lacks \
              the scopes write:issue and write:repository is refused by the forge; signing in and answering go on as if nothing were.",
    told_by: "The chat takes the click, and answers that the service behind it refused its credentials. A payload that it doesn't take, a \
              repository that isn't listed and a page of another site are refused before anything is asked of the forge.",
    remedy: "Make a token with the scopes write:issue and write:repository at the forge, and give it to the chat as FORGE_TOKEN.",
    references: &["docs/chat.md, Actions", "Forgejo, access token scopes"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let explains: Vec<SymptomId> = case
        .open()
        .filter(|(_, symptom)| symptom.last_exchange().is_some_and(|exchange| is_refused(exchange, stack)))
        .map(|(id, _)| id)
        .collect();
    if explains.is_empty() {
        return Vec::new();
    }
    vec![Candidate {
        cause: "The chat takes the click, and the forge refuses the token that it acts with.".to_owned(),
        fix: Some(
            Fix::advice(
                "Give the chat a token that the forge knows, with the scopes write:issue and write:repository.",
            )
            .line("environment of chat", "FORGE_TOKEN=…"),
        ),
        observations: Vec::new(),
        explains,
    }]
}

fn is_refused(exchange: &Exchange, stack: &StackFacts) -> bool {
    let url = &exchange.request.url;
    let is_action = service_of(url, stack) == Some("chat") && path_of(url).contains("/action/");
    let code = json_string(body(exchange), "code");
    is_action && status(exchange).is_some_and(|status| status >= 400) && code.as_deref() == Some("token_refused")
}
