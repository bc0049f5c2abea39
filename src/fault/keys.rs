//! The keys of a fault file.

use scenario::decode::{Key, Shape, Table};

/// The services, as they are named in a file.
const SERVICES: Shape = Shape::Word(&["edge", "forge", "ci", "chat", "staging", "ide", "echo", "ci-agent"]);
/// A value, or the word that there is none.
const SETTING: Shape = Shape::Either(&[Shape::Scalar, Shape::Null]);

pub(super) static FAULT: Table = Table {
    name: "fault",
    noun: "a fault",
    doc: "A known misconfiguration.",
    keys: &[
        Key::new(
            "id",
            Shape::Text,
            "Its name, in small letters, digits and hyphens: that of the file, without `.yaml`.",
        )
        .required(),
        Key::new("title", Shape::Text, "What is wrong, in a sentence.").required(),
        Key::new("source", Shape::Text, "Where it was met: an issue, an incident."),
        Key::new("inject", Shape::Table(&INJECT), "What is set wrong.").required(),
        Key::new(
            "expect",
            Shape::Table(&EXPECT),
            "What a good diagnosis comes to; of faults that `use` others it follows from theirs.",
        ),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(super) static EXPECT: Table = Table {
    name: "expect",
    noun: "an `expect`",
    doc: "What a good diagnosis comes to.",
    keys: &[
        Key::new("verdict", Shape::Word(&["PASS", "FIX", "PIVOT", "INCONCLUSIVE"]), "The verdict.").required(),
        Key::new(
            "class",
            Shape::Word(&["security", "infrastructure", "pivot", "fixable"]),
            "The class of what weighs most. Where nothing is said it is the verdict's: FIX is `fixable`, PIVOT `pivot`, INCONCLUSIVE \
             `infrastructure`.",
        ),
        Key::new(
            "findings",
            Shape::List(&Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)])),
            "The causes by the codes of their findings; a list of codes where any one of them will do.",
        ),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(super) static INJECT: Table = Table {
    name: "inject",
    noun: "an `inject`",
    doc: "What is set wrong. In values `${edge}`, `${forge}` and so on stand for the services' public addresses.",
    keys: &[
        Key::new("env", Shape::Map(&Shape::Map(&SETTING)), "Settings by service; `null` unsets."),
        Key::new(
            "routes",
            Shape::Map(&Shape::Either(&[Shape::Table(&ROUTE), Shape::Null])),
            "Fields of the edge's routes by their names; `null` removes a route.",
        ),
        Key::new(
            "oauth",
            Shape::Map(&Shape::Table(&APPLICATION)),
            "OAuth applications as the forge knows them, by service.",
        ),
        Key::new("stop", Shape::List(&SERVICES), "Services that don't run."),
        Key::new(
            "use",
            Shape::List(&Shape::Text),
            "Other faults that are there as well, by their ids: files beside this one.",
        ),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(super) static ROUTE: Table = Table {
    name: "route",
    noun: "a route",
    doc: "Fields of a route that are otherwise than they should be.",
    keys: &[
        Key::new("strip_prefix", Shape::Bool, "Whether the prefix is taken off the path."),
        Key::new("upstream", Shape::Text, "Where the service listens, `HOST:PORT`."),
        Key::new("cookies", Shape::Word(&["pass", "drop"]), "Whether cookies reach the service."),
        Key::new("websocket", Shape::Bool, "Whether a connection may be upgraded."),
        Key::new(
            "max_body",
            Shape::Either(&[Shape::Integer(0, i64::MAX), Shape::Null]),
            "The largest content of a request in bytes; `null` sets no limit.",
        ),
        Key::new("flush", Shape::Word(&["auto", "immediate"]), "When what the service sends is passed on."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(super) static APPLICATION: Table = Table {
    name: "application",
    noun: "an application",
    doc: "An OAuth application as the forge knows it.",
    keys: &[Key::new("redirect_uris", Shape::List(&Shape::Text), "Where browsers may be sent back to.")],
    exactly_one: &[],
    at_most_one: &[],
};
