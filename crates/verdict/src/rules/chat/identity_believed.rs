//! `chat/identity-believed`: the chat believes a header field who somebody is.

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Asked, SESSION, found};
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/identity-believed",
    class: Class::Security,
    severity: Severity::Error,
    title: "The chat believes a header field who somebody is",
    explain: "The edge tells the chat by X-Forwarded-User who passed the gate. A chat that takes the field alone \
              for a proof opens to whoever reaches it past the gate: by a route without one, or from inside the \
              network.",
    told_by: "A request without a session, with a field that names a user, is let in. Where the field is taken off \
              on the way, the same request is a 401.",
    remedy: "Have the chat look at its own session as well, or at the edge's secret (X-Forward-Auth-Secret). \
              Until then the edge takes the field off on every route to it (`request_header -X-Forwarded-User`), \
              and has no route to it without the gate.",
    references: &["RFC 9110, section 17.1", "Caddy: forward_auth, copy_headers"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str = "Upgrade to a chat that checks the session itself; until then gate every route to it, the socket's included, and take X-Forwarded-User off what clients send.";

/// Fields that name somebody.
const NAMES: [&str; 3] = ["x-forwarded-user", "remote-user", "x-auth-request-user"];

fn cause(asked: &Asked<'_>) -> Option<String> {
    let name = NAMES.into_iter().find(|name| asked.field(name).is_some())?;
    let has_session = asked.field("cookie").is_some_and(|cookies| cookies.contains(SESSION));
    (asked.is_let_in() && !has_session).then(|| {
        let status = asked.response.status;
        format!("{} with nothing but {name} of the client's own is answered with {status}.", asked.line())
    })
}
