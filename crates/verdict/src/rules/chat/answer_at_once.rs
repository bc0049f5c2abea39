//! `chat/answer-at-once`: the chat holds its answers back until they are complete.

use super::super::case::{Candidate, Case};
use super::super::{Needs, Rule};
use super::{Asked, found};
use crate::evidence::Direction;
use crate::finding::{Class, Severity};

pub(in super::super) static RULE: Rule = Rule {
    code: "chat/answer-at-once",
    class: Class::Fixable,
    severity: Severity::Error,
    title: "The chat holds its answers back until they are complete",
    explain: "An answer is to be read while it is written. A chat that collects what the model says before it \
              passes it on is slow to everybody, and looks broken with long answers.",
    told_by: "The chat said at once that it had begun, nothing came for a while, and then all pieces of the answer \
              in one burst. Where something on the way collects a stream, the first message is held back as well, \
              and other streams through the edge come in a burst too.",
    remedy: "Have the chat send each piece as it comes from the command, and see that the command prints it so \
              (`--output-format stream-json`).",
    references: &["RFC 6455, section 5"],
    needs: Needs { services: &["chat"], ..Needs::A_STACK },
    find,
};

fn find(case: &Case<'_>) -> Vec<Candidate> {
    found(case, ADVICE, cause)
}

const ADVICE: &str = "Upgrade to a chat that sends each piece of an answer as it comes.";

fn cause(asked: &Asked<'_>) -> Option<String> {
    let failure = asked.symptom.failure?;
    let record = asked.symptom.step?.websocket.as_ref()?;
    if !failure.message.starts_with("the time from the first frame to the last") {
        return None;
    }
    let times = |kind: &str| {
        let of_kind = format!("\"type\":\"{kind}\"");
        let received = record.frames.iter().filter(|frame| frame.direction == Direction::Received);
        let frames = received.filter(|frame| frame.excerpt.as_deref().is_some_and(|text| text.contains(&of_kind)));
        frames.map(|frame| frame.at_ms).collect::<Vec<f64>>()
    };
    let (begun, pieces) = (times("started"), times("token"));
    let (begun, first, last) = (*begun.first()?, *pieces.first()?, *pieces.last()?);
    // It was at work for longer than it took to say it all.
    let (silent, spread) = (first - begun, last - first);
    (pieces.len() > 2 && silent > 5.0 * spread).then(|| {
        let count = pieces.len();
        format!("{count} pieces of an answer came within {spread:.1} ms, {silent:.0} ms after the chat had begun.")
    })
}
