//! `chat/command-fails`: the chat can't run the command that answers.

use super::super::case::{Candidate, Case};
use super::super::view::{json_string, service_of};
use super::super::{Needs, Rule};
use crate::finding::{Class, Severity};
use crate::fix::Fix;
use crate::sentence::clause;

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/command-fails",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The chat's command doesn't run",
    explain: "The chat answers with the claude command. Where that isn't installed, isn't where CHAT_CLAUDE_COMMAND says, can't be confined, \
              or ends before it has answered, everything works but the answers.",
    told_by: "The socket is open and the question is taken; in place of an answer comes an error of the turn's own, which names the command. \
              A limit, a session that is over, or a connection that is cut are other matters.",
    remedy: "Install the command in the chat's image, or set CHAT_CLAUDE_COMMAND to where it is. `chat ask` runs one turn by hand.",
    references: &["docs/chat.md, Settings"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

/// The errors that a turn ends with for the command's sake.
const CODES: [&str; 4] = ["command_not_started", "command_ended", "timed_out", "too_much"];

fn find(case: &Case<'_>) -> Vec<Candidate> {
    let Some(stack) = &case.evidence.stack else { return Vec::new() };
    let failed = case.open_by(|symptom| {
        let step = symptom.step?;
        let socket = step.websocket.as_ref()?;
        if service_of(&step.trace.last()?.request.url, stack) != Some("chat") {
            return None;
        }
        let texts = socket.frames.iter().filter_map(|frame| frame.excerpt.as_deref());
        texts.filter(|text| json_string(text, "type").as_deref() == Some("error")).find_map(|text| {
            let code = json_string(text, "code").filter(|code| CODES.contains(&code.as_str()))?;
            Some((code, json_string(text, "message").unwrap_or_default()))
        })
    });
    let candidate = |((code, message), explains): ((String, String), Vec<usize>)| Candidate {
        cause: format!("A question is answered by the error {code}: {}.", clause(&message)),
        fix: Some(
            Fix::advice("Make the command run where the chat runs.")
                .line("environment of chat", "CHAT_CLAUDE_COMMAND=…")
                .line("shell", "chat ask"),
        ),
        observations: Vec::new(),
        explains,
    };
    failed.into_iter().map(candidate).collect()
}
