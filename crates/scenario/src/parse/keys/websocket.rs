//! The keys of a step `websocket`.

use super::expect::{PREDICATE, PREDICATE_OR_VALUE, PREDICATES};
use crate::decode::{Key, Shape, Table};

/// The most frames that one turn waits for.
pub(crate) const MOST_FRAMES: i64 = 10_000;

macro_rules! predicate {
    () => {
        Shape::Named("predicate_or_value", &PREDICATE_OR_VALUE)
    };
}

pub(super) const DIALOGUE: Shape = Shape::List(&Shape::Table(&TURN));

pub(crate) static TURN: Table = Table {
    name: "turn",
    noun: "a turn of `dialogue`",
    doc: "One thing that is done over an open WebSocket.",
    keys: &[
        Key::new("send", Shape::Either(&[Shape::Scalar, Shape::Table(&SEND)]), "Sends a frame: a value alone as text."),
        Key::new(
            "expect",
            Shape::Either(&[Shape::Scalar, Shape::List(&Shape::Any), Shape::Table(&FRAMES)]),
            "Waits for the next frame, or for several: a value alone is its text; a list means one of these.",
        ),
        Key::new("hold", Shape::Duration, "Leaves it open for this long; it must stay so."),
        Key::new(
            "close",
            Shape::Either(&[Shape::Integer(1000, 4999), Shape::Table(&CLOSE)]),
            "Closes it with this code, and waits for the server's answer.",
        ),
        Key::new(
            "capture",
            Shape::Map(&Shape::Table(&FRAME_CAPTURE)),
            "Values of the last of the frames to keep, by variable name; the next turns know them.",
        )
        .beside(&["expect"]),
    ],
    exactly_one: TURNS,
    at_most_one: &[],
};

pub(crate) const TURNS: &[&str] = &["send", "expect", "hold", "close"];

pub(crate) static SEND: Table = Table {
    name: "send",
    noun: "`send`",
    doc: "A frame to send.",
    keys: &[
        Key::new("text", Shape::Scalar, "A text frame."),
        Key::new("json", Shape::Any, "A text frame with JSON. Its strings may hold variables."),
        Key::new("binary", Shape::Text, "A binary frame, its content in base64."),
        Key::new("ping", Shape::Scalar, "A ping, of at most 125 bytes."),
    ],
    exactly_one: MESSAGES,
    at_most_one: &[],
};

pub(crate) const MESSAGES: &[&str] = &["text", "json", "binary", "ping"];

pub(crate) static CLOSE: Table = Table {
    name: "close",
    noun: "`close`",
    doc: "A close frame to send.",
    keys: &[
        Key::new("code", Shape::Integer(1000, 4999), "The code (RFC 6455, section 7.4).").required(),
        Key::new("reason", Shape::Scalar, "The reason, of at most 123 bytes."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(crate) static FRAMES: Table = Table {
    name: "frames",
    noun: "an expectation of frames",
    doc: "What must hold of the next frame, or of each of several. Without `text`, `json` or `binary` any data frame will \
          do. A message in several fragments is one frame; pings, and pongs that nobody waits for, are none.",
    keys: &[
        Key::new("text", predicate!(), "Its text."),
        Key::new("json", PREDICATES, "Nodes of its JSON, by JSONPath (RFC 9535)."),
        Key::new("binary", predicate!(), "The content of a binary frame, in base64."),
        Key::new("pong", predicate!(), "A pong: its content as text."),
        Key::new(
            "close",
            Shape::Either(&[Shape::Table(&CLOSED), predicate!()]),
            "The server closes: the code of its close frame, 1005 where it has none.",
        ),
        Key::new(
            "frames",
            Shape::Either(&[Shape::Integer(1, MOST_FRAMES), Shape::Table(&PREDICATE)]),
            "How many are waited for. Beside `until` a predicate: how many there must be.",
        ),
        Key::new(
            "until",
            Shape::Table(&UNTIL),
            "Waits for all frames up to one of which this holds; what stands beside it must hold of those before.",
        ),
        Key::new("spread", Shape::Table(&PREDICATE), "The time from the first of them to the last.")
            .beside(&["frames", "until"]),
        Key::new(
            "within",
            Shape::Duration,
            "They must come within this time. Without it, the step's `timeout` decides.",
        ),
        Key::new("skip", Shape::Bool, "Frames that aren't what is expected are passed over."),
    ],
    exactly_one: &[],
    at_most_one: &["text", "binary", "pong", "close"],
};

pub(crate) static UNTIL: Table = Table {
    name: "until",
    noun: "`until`",
    doc: "What holds of the last of several frames.",
    keys: &[
        Key::new("text", predicate!(), "Its text."),
        Key::new("json", PREDICATES, "Nodes of its JSON, by JSONPath (RFC 9535)."),
        Key::new("binary", predicate!(), "The content of a binary frame, in base64."),
    ],
    exactly_one: &[],
    at_most_one: &["text", "binary"],
};

pub(crate) static CLOSED: Table = Table {
    name: "closed",
    noun: "the expectation of a close frame",
    doc: "What must hold of the server's close frame.",
    keys: &[
        Key::new("code", predicate!(), "Its code; 1005 where it has none."),
        Key::new("reason", predicate!(), "Its reason."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(crate) static FRAME_CAPTURE: Table = Table {
    name: "frame_capture",
    noun: "a capture of a frame",
    doc: "A value of a frame to keep: its text, where nothing else is said.",
    keys: &[
        Key::new("json", Shape::Text, "The first node of its JSON that this JSONPath selects."),
        Key::new("regex", Shape::Scalar, "A regular expression: its first group is taken, or the whole match."),
        Key::new("secret", Shape::Bool, "The value is never printed."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};
