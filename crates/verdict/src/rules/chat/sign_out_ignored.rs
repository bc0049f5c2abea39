//! `chat/sign-out-ignored`: a session is good after its owner has signed out.

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Asked, SESSION, begins_session, ends_session, found};
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/sign-out-ignored",
    class: Class::Security,
    severity: Severity::Error,
    title: "A session is good after its owner has signed out",
    explain: "Signing out has to end the session where it is kept. A chat that only has the browser forget its \
              cookie leaves the session to whoever has a copy: on a shared machine, in a log, by a page that stole \
              it.",
    told_by: "The chat took its cookie away when somebody signed out, and lets the same session in afterwards.",
    remedy: "Have the chat end the session itself at its logout.",
    references: &["OWASP: Session Management, session expiration", "RFC 6265, section 3.1"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str = "Upgrade to a chat that ends the session itself when somebody signs out.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let before = asked.before();
    let out = before.iter().rposition(|exchange| ends_session(exchange))?;
    // Nobody has signed in since.
    let is_over = !before[out..].iter().any(|exchange| begins_session(exchange));
    let is_given = asked.field("cookie").is_some_and(|cookies| cookies.contains(SESSION));
    (is_over && is_given && asked.is_let_in()).then(|| {
        format!("{} with a session that was signed out is answered with {}.", asked.line(), asked.response.status)
    })
}
