//! The keys of the scenario language: the parser and the JSON Schema both read them here.

use crate::decode::{Key, Shape, Table};

/// Keys that say what a step does by sending a request whose method has its own key.
pub(super) const METHODS: &[&str] = &["get", "head", "post", "put", "patch", "delete", "options"];
const REQUESTS: &[&str] = &["get", "head", "post", "put", "patch", "delete", "options", "request"];
/// GET and HEAD have no content (RFC 9110, section 9.3.1); who wants to send some anyway uses `request`.
const WITH_CONTENT: &[&str] = &["post", "put", "patch", "delete", "options", "request"];
const REQUESTS_AND_SUBMIT: &[&str] = &["get", "head", "post", "put", "patch", "delete", "options", "request", "submit"];
pub(super) const ACTIONS: &[&str] =
    &["get", "head", "post", "put", "patch", "delete", "options", "request", "submit", "use"];
pub(super) const CONTENTS: &[&str] = &["form", "json", "multipart", "body"];

const SERVICES: Shape = Shape::Word(&["edge", "forge", "ci", "chat", "staging", "ide"]);
const MODES: Shape = Shape::Word(&["subpath", "subdomain"]);
const SCHEMES: Shape = Shape::Word(&["http", "https"]);
const STACKS: Shape = Shape::Word(&["embedded", "containers", "external"]);
const SCALARS: Shape = Shape::Map(&Shape::Scalar);
/// A value, or several under the same name.
const REPEATED: Shape = Shape::Map(&Shape::Either(&[Shape::Scalar, Shape::List(&Shape::Scalar)]));

pub(crate) static SCENARIO: Table = Table {
    name: "scenario",
    noun: "a scenario",
    doc: "One journey of a user, in steps.",
    keys: &[
        Key::new("name", Shape::Text, "What the journey is called in reports.").required(),
        Key::new("description", Shape::Text, "A longer text for people."),
        Key::new("tags", Shape::List(&Shape::Text), "Labels that `--tag` selects by."),
        Key::new("when", Shape::Table(&WHEN), "Where the journey applies; elsewhere it is skipped."),
        Key::new("vars", SCALARS, "Defaults of variables; the command line overrides them."),
        Key::new(
            "secrets",
            Shape::List(&Shape::Text),
            "Names of variables that are never printed. The stack gives their values, or `--secret`.",
        ),
        Key::new("timeout", Shape::Duration, "The longest that the whole journey may take."),
        Key::new("steps", Shape::List(&Shape::Table(&STEP)), "What the user does, in order.").required(),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(crate) static WHEN: Table = Table {
    name: "when",
    noun: "the `when` of a scenario",
    doc: "Conditions under which a scenario applies.",
    keys: &[
        Key::new("service", Shape::Either(&[SERVICES, Shape::List(&SERVICES)]), "Services that must be there."),
        Key::new("mode", Shape::Either(&[MODES, Shape::List(&MODES)]), "Routing modes."),
        Key::new("scheme", Shape::Either(&[SCHEMES, Shape::List(&SCHEMES)]), "Schemes of the base URL."),
        Key::new("stack", Shape::Either(&[STACKS, Shape::List(&STACKS)]), "Kinds of stack."),
        Key::new("writes", Shape::Bool, "The journey changes data; an external stack needs `--allow-writes`."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(crate) static STEP_WHEN: Table = Table {
    name: "step_when",
    noun: "the `when` of a step",
    doc: "Conditions under which a step applies; elsewhere it is skipped.",
    keys: &[
        Key::new("service", Shape::Either(&[SERVICES, Shape::List(&SERVICES)]), "Services that must be there."),
        Key::new("mode", Shape::Either(&[MODES, Shape::List(&MODES)]), "Routing modes."),
        Key::new("scheme", Shape::Either(&[SCHEMES, Shape::List(&SCHEMES)]), "Schemes of the base URL."),
        Key::new("stack", Shape::Either(&[STACKS, Shape::List(&STACKS)]), "Kinds of stack."),
        Key::new("css", Shape::Text, "A CSS selector that must find something on the last page."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

const TARGET: &str = "Sends this request to a path (`/x`, relative to the base URL) or URL (`${forge}/x`).";

pub(crate) static STEP: Table = Table {
    name: "step",
    noun: "a step",
    doc: "One thing that the user does, with what must come of it.",
    keys: &[
        Key::new("get", Shape::Text, TARGET),
        Key::new("head", Shape::Text, TARGET),
        Key::new("post", Shape::Text, TARGET),
        Key::new("put", Shape::Text, TARGET),
        Key::new("patch", Shape::Text, TARGET),
        Key::new("delete", Shape::Text, TARGET),
        Key::new("options", Shape::Text, TARGET),
        Key::new("request", Shape::Table(&REQUEST), "Sends a request with any method."),
        Key::new("submit", Shape::Text, "Submits the form of the last page that this CSS selector selects."),
        Key::new("use", Shape::Text, "Runs the steps of another scenario: its file name without folder and `.yaml`."),
        Key::new("name", Shape::Text, "A name for people."),
        Key::new("when", Shape::Table(&STEP_WHEN), "Where the step applies; elsewhere it is skipped."),
        Key::new("with", SCALARS, "For `submit` the fields to fill in, for `use` the variables.")
            .beside(&["submit", "use"]),
        Key::new("headers", REPEATED, "Header fields to send.").beside(REQUESTS_AND_SUBMIT),
        Key::new("query", REPEATED, "Parameters appended to the URL's query, form-urlencoded.").beside(REQUESTS),
        Key::new("form", REPEATED, "The content, as `application/x-www-form-urlencoded`.").beside(WITH_CONTENT),
        Key::new("json", Shape::Any, "The content, as `application/json`. Its strings may hold variables.")
            .beside(WITH_CONTENT),
        Key::new("multipart", Shape::Map(&PART_OR_PARTS), "The content, as `multipart/form-data`.")
            .beside(WITH_CONTENT),
        Key::new("body", Shape::Scalar, "The content, as it stands; its Content-Type goes under `headers`.")
            .beside(WITH_CONTENT),
        Key::new("basic_auth", Shape::Table(&BASIC_AUTH), "Credentials for `Authorization: Basic`.").beside(REQUESTS),
        Key::new(
            "follow",
            Shape::Either(&[Shape::Bool, Shape::Table(&FOLLOW)]),
            "Whether redirects are followed, hop by hop. Without it they aren't.",
        )
        .beside(REQUESTS_AND_SUBMIT),
        Key::new("expect", Shape::Table(&EXPECT), "What must hold of what came back.").beside(REQUESTS_AND_SUBMIT),
        Key::new("capture", Shape::Map(&Shape::Table(&CAPTURE)), "Values to keep for later steps, by variable name.")
            .beside(REQUESTS_AND_SUBMIT),
        Key::new("retry", Shape::Table(&RETRY), "Repeats the step until all its expectations hold.")
            .beside(REQUESTS_AND_SUBMIT),
        Key::new("timeout", Shape::Duration, "The longest that the step may take, redirects and repetitions included.")
            .beside(REQUESTS_AND_SUBMIT),
    ],
    exactly_one: ACTIONS,
    at_most_one: CONTENTS,
};

pub(crate) static REQUEST: Table = Table {
    name: "request",
    noun: "a `request`",
    doc: "A request with any method.",
    keys: &[
        Key::new("method", Shape::Text, "The method, such as `PROPFIND`.").required(),
        Key::new("url", Shape::Text, "A path, relative to the base URL, or a URL.").required(),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(crate) static BASIC_AUTH: Table = Table {
    name: "basic_auth",
    noun: "`basic_auth`",
    doc: "User name and password (RFC 7617).",
    keys: &[
        Key::new("user", Shape::Scalar, "The user name.").required(),
        Key::new("password", Shape::Scalar, "The password, which belongs into a secret: `${password}`.").required(),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(crate) static FOLLOW: Table = Table {
    name: "follow",
    noun: "`follow`",
    doc: "How redirects are followed.",
    keys: &[Key::new(
        "max_hops",
        Shape::Integer(1, 100),
        "The most redirects that are followed before the step fails; `follow: true` stands for 20.",
    )
    .required()],
    exactly_one: &[],
    at_most_one: &[],
};

pub(crate) static RETRY: Table = Table {
    name: "retry",
    noun: "`retry`",
    doc: "Repetition until the expectations hold.",
    keys: &[
        Key::new("within", Shape::Duration, "For how long; after that the last failure is reported.").required(),
        Key::new("every", Shape::Duration, "The pause between two tries. Without it 500ms."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

const PART_OR_PARTS: Shape = Shape::Either(&[PART_SHAPE, Shape::List(&PART_SHAPE)]);
const PART_SHAPE: Shape = Shape::Either(&[Shape::Scalar, Shape::Table(&PART)]);

pub(crate) static PART: Table = Table {
    name: "part",
    noun: "a part of `multipart`",
    doc: "One part of a multipart body.",
    keys: &[
        Key::new("text", Shape::Scalar, "The part's content."),
        Key::new("file", Shape::Text, "A file with the part's content, relative to the scenario's folder."),
        Key::new("filename", Shape::Scalar, "The file name that is sent along."),
        Key::new("content_type", Shape::Text, "The media type that is sent along."),
    ],
    exactly_one: &["text", "file"],
    at_most_one: &[],
};

/// A predicate, or a value that stands for `equals`, or a list that stands for `one_of`. A macro rather than a constant,
/// as the shape contains itself.
macro_rules! predicate {
    () => {
        Shape::Named("predicate_or_value", &PREDICATE_OR_VALUE)
    };
}

static PREDICATE_OR_VALUE: Shape =
    Shape::Either(&[Shape::Scalar, Shape::Null, Shape::List(&Shape::Any), Shape::Table(&PREDICATE)]);
const PREDICATES: Shape = Shape::Map(&predicate!());

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
        Key::new("attribute", Shape::Text, "An attribute of the element, in place of its text.").beside(&["css"]),
        Key::new("regex", Shape::Scalar, "A regular expression: its first group is taken, or the whole match."),
        Key::new("secret", Shape::Bool, "The value is never printed."),
    ],
    exactly_one: &[],
    at_most_one: &["header", "cookie", "body", "css", "json", "url", "query"],
};
