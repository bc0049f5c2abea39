//! `chat/session-fixed`: a sign-in keeps the session that was there before.

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Asked, SESSION, begins_session, ends_session, found};
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/session-fixed",
    class: Class::Security,
    severity: Severity::Error,
    title: "A sign-in keeps the session that was there before",
    explain: "A session's name has to change when somebody signs in. Otherwise whoever knew it before, because it \
              was theirs or because they planted it in the browser, is signed in with them (session fixation).",
    told_by: "After another sign-in the chat's cookie has the value that it had before; or a session that came \
              before the sign-in is good after it.",
    remedy: "Have the chat begin each session under a new random name at the callback, and end those that the \
              browser had.",
    references: &["OWASP: Session Fixation", "RFC 6265, section 8.4"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str = "Upgrade to a chat that begins each session under a name of its own.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let failure = asked.symptom.failure?;
    let signs_in = asked.symptom.step?.trace.iter().any(begins_session);
    let is_same = failure.message.starts_with(&format!("the value of cookie `{SESSION}`"))
        && failure.expected.as_deref().is_some_and(|expected| expected.starts_with("not "));
    (is_same && signs_in || outlived(asked)).then(|| {
        format!("{SESSION} is good after another sign-in as it was before, at {}.", asked.exchange.request.url)
    })
}

/// A session of before is let in, though somebody has signed in anew since, and nobody out.
fn outlived(asked: &Asked<'_>) -> bool {
    let before = asked.before();
    let is_given = asked.field("cookie").is_some_and(|cookies| cookies.contains(SESSION));
    asked.is_let_in()
        && asked.expected_status(&["401"])
        && is_given
        && before.iter().filter(|exchange| begins_session(exchange)).count() > 1
        && !before.iter().any(|exchange| ends_session(exchange))
}
