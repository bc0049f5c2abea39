//! `chat/repository-unchecked`: actions reach repositories that aren't listed.

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Asked, found};
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/repository-unchecked",
    class: Class::Security,
    severity: Severity::Error,
    title: "Actions reach repositories that aren't listed",
    explain: "Actions are taken with the chat's own token, which may do more than the person who clicks. A payload \
              that names another repository has to be refused by the chat itself; otherwise an answer of the \
              model's, or a page, has it write wherever the token may.",
    told_by: "A click that names a repository beyond the list was to be refused with 403, and the chat did it, or \
              asked the forge for it.",
    remedy: "Have the chat compare the payload's repository with its list (FORGE_OWNER, FORGE_REPO, \
              CHAT_ACTION_REPOS) before it calls any API; give its token no more than it needs.",
    references: &["OWASP: Confused Deputy", "Gitea and Forgejo: scopes of access tokens"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str =
    "Upgrade to a chat that compares repositories with its list; until then give it a token for that one repository.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let is_click = asked.path.starts_with("/action/") && asked.exchange.request.method == "POST";
    let content = asked.response.body_excerpt.as_deref().unwrap_or_default();
    // What the forge said of it: the chat had asked.
    let was_asked =
        ["not_found", "refused", "token_refused"].iter().any(|code| content.contains(&format!("\"{code}\"")));
    (is_click && asked.is_from_own_page() && asked.expected_status(&["403"]) && (asked.is_let_in() || was_asked)).then(
        || {
            let status = asked.response.status;
            format!(
                "{} for a repository that isn't listed goes to the forge, and is answered with {status}.",
                asked.line()
            )
        },
    )
}
