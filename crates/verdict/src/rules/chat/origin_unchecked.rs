//! `chat/origin-unchecked`: the chat opens its socket to pages of other sites.

use super::super::case::{Candidate, Case};
use super::super::view::is_handshake;
use super::super::{Needs, Rule};
use super::{Asked, found};
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/origin-unchecked",
    class: Class::Security,
    severity: Severity::Error,
    title: "The chat opens its socket to pages of other sites",
    explain: "Browsers let any page open a WebSocket to any host, and send the cookies along: the same-origin \
              policy doesn't hold there. Only the server can refuse, by the field Origin. Where it doesn't look, \
              any page that a signed-in user visits speaks and reads in the user's name.",
    told_by: "A handshake with a session and the Origin of another site, or with none, is answered with 101. With \
              the chat's own Origin that is as it should be.",
    remedy: "Have the chat compare Origin with its own address before it switches protocols, and refuse with 403. \
              An edge can do the same until then, by a matcher on the header Origin.",
    references: &["RFC 6455, section 10.2", "OWASP: Cross-Site WebSocket Hijacking"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str = "Upgrade to a chat that compares Origin with its own address at the handshake.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let is_open = is_handshake(asked.exchange) && asked.response.status == 101 && !asked.is_from_own_page();
    // Who opens it by a name alone has found another door.
    let has_session = asked.field("cookie").is_some();
    let whose = asked.field("origin").map_or("no Origin".to_owned(), |origin| format!("the Origin {origin}"));
    (is_open && has_session).then(|| format!("{} with {whose} is answered with 101.", asked.line()))
}
