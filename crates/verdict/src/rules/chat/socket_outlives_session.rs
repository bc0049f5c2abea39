//! `chat/socket-outlives-session`: a socket at the chat outlives its session.

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Asked, SESSION, begins_session, found};
use crate::evidence::{Direction, Exchange};
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/socket-outlives-session",
    class: Class::Security,
    severity: Severity::Error,
    title: "A socket at the chat outlives its session",
    explain: "Who opened a socket with a session speaks through it in that session's name. Where the chat looks at \
              the session at the handshake alone, the socket goes on for as long as somebody holds it open: over \
              the session's end, and over a sign-out.",
    told_by: "A socket was open for longer than its session's cookie lasts (Max-Age), and the chat neither said \
              that the session is over nor closed it.",
    remedy: "Have the chat close a session's sockets when it ends, and look again before each question.",
    references: &["OWASP: WebSocket Security, session management", "RFC 6265, section 5.2.2"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str = "Upgrade to a chat that closes a session's sockets when the session ends.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let record = asked.symptom.step?.websocket.as_ref()?;
    asked.symptom.failure?;
    let begun = asked.before().into_iter().rfind(|exchange| begins_session(exchange))?;
    let lasts = max_age(begun)?;
    let is_told = record.frames.iter().any(|frame| {
        frame.direction == Direction::Received
            && frame.excerpt.as_deref().is_some_and(|text| text.contains("\"session_expired\""))
    });
    let open = record.open_ms / 1000.0;
    (open > lasts && !is_told).then(|| {
        format!("{} was open for {open:.0} s, and its session lasts {lasts:.0} s.", asked.exchange.request.url)
    })
}

/// For how many seconds the session's cookie lasts.
fn max_age(exchange: &Exchange) -> Option<f64> {
    let fields = &exchange.response.as_ref()?.headers;
    let set =
        fields.iter().filter(|(name, value)| name.eq_ignore_ascii_case("set-cookie") && value.starts_with(SESSION));
    let attributes = set.flat_map(|(_, value)| value.split(';')).map(str::trim);
    let ages = attributes
        .filter_map(|attribute| attribute.split_once('='))
        .filter(|(name, _)| name.eq_ignore_ascii_case("max-age"));
    ages.filter_map(|(_, age)| age.parse().ok()).next()
}
