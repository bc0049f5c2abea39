//! The keys of a meddler's rule.

use scenario::decode::{Key, Shape, Table};

/// What a field's value may be.
const VALUE: Shape = Shape::Scalar;

pub(crate) static RULE: Table = Table {
    name: "rule",
    noun: "a rule",
    doc: "What happens to requests or answers for which the conditions hold. Several things may be done in one rule, in the order in which \
          they stand there.",
    keys: &[
        Key::new(
            "on",
            Shape::Word(&["request", "response"]),
            "Whether requests are changed or answers; answers where nothing is said. Conditions look at the request either way.",
        ),
        Key::new(
            "match_path",
            Shape::Text,
            "A pattern (regex) that is found in the path, or in the path with its query, as the edge sends it to the service.",
        ),
        Key::new(
            "match_host",
            Shape::Text,
            "A pattern (regex) that is found in the host that the browser asked for, with or without its port.",
        ),
        Key::new(
            "set_header",
            FIELDS,
            "Header fields that get this value and no other: `{ NAME: VALUE }`, or `{ name: NAME, value: VALUE }`.",
        ),
        Key::new("append_header", FIELDS, "Header fields that get this value besides those that they have."),
        Key::new(
            "remove_header",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text), Shape::Map(&Shape::Any)]),
            "Header fields that are taken off: a name, or several.",
        ),
        Key::new(
            "replace_header",
            Shape::Either(&[HEADER_REPLACEMENT, Shape::List(&HEADER_REPLACEMENT)]),
            "What is replaced in the values of header fields: `{ name: NAME, find: …, with: … }` or `{ NAME: { find: …, with: … } }`; without \
             a name, in all of them.",
        ),
        Key::new(
            "replace_body",
            Shape::Either(&[Shape::Table(&REPLACEMENT), Shape::List(&Shape::Table(&REPLACEMENT))]),
            "What is replaced in the content. Content-Length and Content-Encoding are put right.",
        ),
        Key::new(
            "set_status",
            Shape::Integer(200, 599),
            "The answer's status. On a request: the meddler answers by itself, with the rule's header fields and no content.",
        ),
        Key::new("delay_ms", Shape::Integer(0, 3_600_000), "How much later it is passed on, in milliseconds."),
        Key::new(
            "close_after_ms",
            Shape::Integer(0, 3_600_000),
            "When the connection is cut, in milliseconds after the request came, unless all was said by then; WebSockets too.",
        ),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

/// Fields with their values: in a mapping, as pairs of name and value, or several of these.
const FIELDS: Shape = Shape::Either(&[FIELD, Shape::List(&FIELD)]);
const FIELD: Shape = Shape::Map(&Shape::Either(&[VALUE, Shape::List(&VALUE)]));

const HEADER_REPLACEMENT: Shape =
    Shape::Either(&[Shape::Table(&NAMED_REPLACEMENT), Shape::Map(&Shape::Table(&REPLACEMENT))]);

pub(super) static NAMED_REPLACEMENT: Table = Table {
    name: "header-replacement",
    noun: "a replacement in header fields",
    doc: "What is replaced in the values of a header field.",
    keys: &[
        Key::new("name", Shape::Text, "The field's name; all fields where there is none."),
        Key::new(
            "find",
            Shape::Text,
            "The pattern (regex). `${ci}` and so on in it are the public addresses as they stand.",
        )
        .required(),
        Key::new("with", VALUE, "What takes the place of each match; `$1` is its first group.").required(),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(super) static REPLACEMENT: Table = Table {
    name: "replacement",
    noun: "a replacement",
    doc: "What is replaced.",
    keys: &[
        Key::new(
            "find",
            Shape::Text,
            "The pattern (regex). `${ci}` and so on in it are the public addresses as they stand.",
        )
        .required(),
        Key::new("with", VALUE, "What takes the place of each match; `$1` is its first group.").required(),
    ],
    exactly_one: &[],
    at_most_one: &[],
};
