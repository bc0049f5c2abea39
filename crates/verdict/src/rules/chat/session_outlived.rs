//! `chat/session-outlived`: the chat lets a session in whose time is over.

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Asked, SESSION, begins_session, found};
use crate::evidence::Direction;
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/session-outlived",
    class: Class::Security,
    severity: Severity::Error,
    title: "The chat lets a session in whose time is over",
    explain: "A session's cookie says when it ends, and browsers forget it then. A chat that leaves it to them \
              lets in whoever has a copy, for as long as it keeps the session: from a backup, a log, a stolen \
              disk.",
    told_by: "The chat itself said over a socket that the session's time was over, and a request with that session is \
              let in afterwards.",
    remedy: "Have the chat look at the end of a session each time that it looks one up, and delete those that are \
              over.",
    references: &["OWASP: Session Management, session expiration", "RFC 6265, section 5.2.2"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str = "Upgrade to a chat that looks at a session's end when it looks the session up.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let is_given = asked.field("cookie").is_some_and(|cookies| cookies.contains(SESSION));
    let is_another = asked.symptom.step?.trace.iter().any(begins_session);
    (is_given && asked.is_let_in() && was_over(asked) && !is_another).then(|| {
        format!("{} with a session whose time is over is answered with {}.", asked.line(), asked.response.status)
    })
}

/// The chat said so itself, over a socket of the same journey.
fn was_over(asked: &Asked<'_>) -> bool {
    let sockets = asked.symptom.journey.steps.iter().filter_map(|step| step.websocket.as_ref());
    let mut heard = sockets.flat_map(|socket| &socket.frames).filter(|frame| frame.direction == Direction::Received);
    heard.any(|frame| frame.excerpt.as_deref().is_some_and(|text| text.contains("\"session_expired\"")))
}
