//! The keys of `expect` and `capture`.

use super::assets::ASSETS;
use super::git::GIT_EXPECT;
use crate::decode::{Key, Shape, Table};

/// A predicate, or a value that stands for `equals`, or a list that stands for `one_of`. A macro rather than a constant,
/// as the shape contains itself.
macro_rules! predicate {
    () => {
        $crate::decode::Shape::Named("predicate_or_value", &$crate::parse::keys::PREDICATE_OR_VALUE)
    };
}
pub(crate) use predicate;

pub(crate) static PREDICATE_OR_VALUE: Shape =
    Shape::Either(&[Shape::Scalar, Shape::Null, Shape::List(&Shape::Any), Shape::Table(&PREDICATE)]);
pub(super) const PREDICATES: Shape = Shape::Map(&predicate!());

pub(crate) static EXPECT: Table = Table {
    name: "expect",
    noun: "`expect`",
    doc: "What must hold of what came back. A value alone must be equal; a list means one of these.",
    keys: &[
        Key::new("status", predicate!(), "The last response's status code."),
        Key::new("headers", PREDICATES, "Header fields of the last response, by name."),
        Key::new("content_type", predicate!(), "The media type of the last response, without parameters."),
        Key::new("body", predicate!(), "The last response's content as text."),
        Key::new(
            "css",
            Shape::Map(&Shape::Either(&[predicate!(), Shape::Table(&CSS)])),
            "Elements of the last page, by CSS selector: their text, or more in a mapping.",
        ),
        Key::new("json", PREDICATES, "Nodes of the last response's JSON, by JSONPath (RFC 9535)."),
        Key::new("url", predicate!(), "The URL that the last response came from."),
        Key::new(
            "every_hop",
            Shape::Either(&[Shape::Table(&EVERY_HOP), predicate!()]),
            "What must hold of each hop from the first request to the last.",
        ),
        Key::new("hops", predicate!(), "How many redirects were followed."),
        Key::new("no_loop", Shape::True, "No request was repeated on the way."),
        Key::new(
            "cookie",
            Shape::Map(&Shape::Either(&[Shape::Word(&["exists", "absent"]), Shape::Table(&COOKIE)])),
            "Cookies in the jar after the step, by name.",
        ),
        Key::new(
            "duration",
            Shape::Either(&[Shape::Table(&PREDICATE)]),
            "The time from the first byte sent to the last byte received.",
        ),
        Key::new(
            "spread",
            Shape::Either(&[Shape::Table(&PREDICATE)]),
            "The time from the first piece of the last response's content to its last: a stream takes its time.",
        ),
        Key::new("git", Shape::Table(&GIT_EXPECT), "What a `git` step fetched or pushed."),
        Key::new("assets", Shape::Table(&ASSETS), "What an `assets` step loaded."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

/// The keys that a predicate's mapping shares with those that it can stand among.
macro_rules! with_predicate_keys {
    ($($key:expr),* $(,)?) => {
        &[
            $($key,)*
            Key::new("equals", Shape::Any, "Equal to this."),
            Key::new("one_of", Shape::List(&Shape::Any), "Equal to one of these."),
            Key::new("not", predicate!(), "This doesn't hold."),
            Key::new("contains", Shape::Scalar, "The text contains this."),
            Key::new("matches", Shape::Scalar, "This regular expression matches somewhere in the text."),
            Key::new("starts_with", Shape::Scalar, "The text starts with this."),
            Key::new("ends_with", Shape::Scalar, "The text ends with this."),
            Key::new("under", Shape::Text, "The URL has the same origin as this one, and its path is equal or below."),
            Key::new("less_than", Shape::Scalar, "Less than this."),
            Key::new("at_most", Shape::Scalar, "Less than this, or equal."),
            Key::new("greater_than", Shape::Scalar, "More than this."),
            Key::new("at_least", Shape::Scalar, "More than this, or equal."),
            Key::new("exists", Shape::Bool, "Whether it is there at all."),
            Key::new("count", predicate!(), "How many there are."),
        ]
    };
}

pub(crate) static PREDICATE: Table = Table {
    name: "predicate",
    noun: "a predicate",
    doc: "What must hold. All of several keys must hold.",
    keys: with_predicate_keys![],
    exactly_one: &[],
    at_most_one: &[],
};

pub(crate) static CSS: Table = Table {
    name: "css",
    noun: "an expectation of elements",
    doc: "What must hold of the selected elements. Predicates that stand here are about their text.",
    keys: with_predicate_keys![
        Key::new("text", predicate!(), "The text of one of the elements, white space collapsed."),
        Key::new("attribute", PREDICATES, "Attributes of one of the elements, by name."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(crate) static EVERY_HOP: Table = Table {
    name: "every_hop",
    noun: "`every_hop`",
    doc: "What must hold of each hop. Predicates that stand here are about its URL.",
    keys: with_predicate_keys![
        Key::new("url", predicate!(), "The URL asked for."),
        Key::new("status", predicate!(), "The status code."),
        Key::new("headers", PREDICATES, "Header fields, by name."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(crate) static COOKIE: Table = Table {
    name: "cookie",
    noun: "an expectation of a cookie",
    doc: "What must hold of a cookie, as its last `Set-Cookie` wrote it.",
    keys: &[
        Key::new("exists", Shape::Bool, "Whether the cookie is there."),
        Key::new("value", predicate!(), "Its value."),
        Key::new("path", predicate!(), "Its `Path`, as sent."),
        Key::new("domain", predicate!(), "Its `Domain`, as sent."),
        Key::new("http_only", predicate!(), "Whether it has `HttpOnly`."),
        Key::new("secure", predicate!(), "Whether it has `Secure`."),
        Key::new("same_site", predicate!(), "Its `SameSite`, as sent."),
        Key::new(
            "expires_in",
            predicate!(),
            "In what time it ends, such as `{ at_most: 1h }`; one that ends with the browser has none.",
        ),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(crate) static CAPTURE: Table = Table {
    name: "capture",
    noun: "a capture",
    doc: "A value to keep for later steps. `regex` alone is applied to the content.",
    keys: &[
        Key::new("header", Shape::Text, "A header field of the last response."),
        Key::new("cookie", Shape::Text, "A cookie of the jar."),
        Key::new("body", Shape::True, "The content as text."),
        Key::new("css", Shape::Text, "The text of the first element that this CSS selector selects."),
        Key::new("json", Shape::Text, "The first node of the JSON that this JSONPath selects."),
        Key::new("url", Shape::True, "The final URL."),
        Key::new("query", Shape::Text, "A parameter of the final URL's query."),
        Key::new(
            "git",
            Shape::Word(&["commit", "head"]),
            "What a `git` step found: a commit's id, the default branch.",
        ),
        Key::new("attribute", Shape::Text, "An attribute of the element, in place of its text.").beside(&["css"]),
        Key::new("regex", Shape::Scalar, "A regular expression: its first group is taken, or the whole match."),
        Key::new("secret", Shape::Bool, "The value is never printed."),
    ],
    exactly_one: &[],
    at_most_one: &["header", "cookie", "body", "css", "json", "url", "query", "git"],
};
