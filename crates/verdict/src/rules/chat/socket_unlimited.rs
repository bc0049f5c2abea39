//! `chat/socket-unlimited`: what is asked over the socket isn't counted.

use super::super::case::{Candidate, Case};
use super::super::view::status;
use super::super::{Needs, Rule};
use super::{Asked, found, path_at_chat};
use crate::evidence::{Direction, Exchange};
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/socket-unlimited",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "What is asked over the socket isn't counted",
    explain: "Each person may ask so and so often, so that nobody uses the chat up for the others. Questions go \
              over the socket; where only plain requests are counted, the limit holds for everything but what \
              costs something.",
    told_by: "Somebody who is refused with 429 over HTTP goes on asking over the socket, and is answered.",
    remedy: "Have the chat count each question over the socket with the same counter, and refuse it with the time \
              to come back.",
    references: &["RFC 6585, section 4"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str = "Upgrade to a chat that counts what is asked over its socket.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let record = asked.symptom.step?.websocket.as_ref()?;
    let is_said = |direction: Direction, words: &str| {
        let mut frames = record.frames.iter().filter(|frame| frame.direction == direction);
        frames.any(|frame| frame.excerpt.as_deref().is_some_and(|text| text.contains(words)))
    };
    let is_refusal =
        |exchange: &&Exchange| status(exchange) == Some(429) && path_at_chat(exchange, asked.stack).is_some();
    let was_refused = asked.before().iter().any(is_refusal);
    let is_answered =
        is_said(Direction::Sent, "\"chat_request\"") && is_said(Direction::Received, "\"type\":\"started\"");
    (was_refused && is_answered && !is_said(Direction::Received, "\"rate_limited\""))
        .then(|| format!("Who is refused with 429 over HTTP is answered over {}.", asked.exchange.request.url))
}
