//! The keys of a step.

use super::STEP_WHEN;
use super::api::{CREDENTIALS, SESSION};
use super::assets::MOST_ASSETS;
use super::expect::{CAPTURE, EXPECT};
use super::git::GIT;
use super::oauth::OAUTH;
use super::websocket::DIALOGUE;
use crate::decode::{Key, Shape, Table};

/// Keys that say what a step does by sending a request whose method has its own key.
pub(crate) const METHODS: &[&str] = &["get", "head", "post", "put", "patch", "delete", "options"];
const REQUESTS_AND_MORE: &[&str] =
    &["get", "head", "post", "put", "patch", "delete", "options", "request", "websocket", "api"];
const REQUESTS_AND_PAGES: &[&str] =
    &["assets", "get", "head", "post", "put", "patch", "delete", "options", "request", "websocket"];
/// GET and HEAD have no content (RFC 9110, section 9.3.1); who wants to send some anyway uses `request`.
const WITH_CONTENT: &[&str] = &["post", "put", "patch", "delete", "options", "request", "api"];
const REQUESTS_AND_SUBMIT: &[&str] = &["get", "head", "post", "put", "patch", "delete", "options", "request", "submit"];
const WITH_HEADERS: &[&str] =
    &["get", "head", "post", "put", "patch", "delete", "options", "request", "submit", "websocket", "api", "assets"];
const WEBSOCKET: &[&str] = &["websocket"];
/// What has an answer that can be looked at.
const ALL_BUT_USE: &[&str] = &[
    "get",
    "head",
    "post",
    "put",
    "patch",
    "delete",
    "options",
    "request",
    "submit",
    "websocket",
    "api",
    "oauth",
    "git",
    "assets",
];
pub(crate) const ACTIONS: &[&str] = &[
    "get",
    "head",
    "post",
    "put",
    "patch",
    "delete",
    "options",
    "request",
    "submit",
    "websocket",
    "api",
    "oauth",
    "git",
    "assets",
    "closed",
    "use",
];
pub(crate) const CONTENTS: &[&str] = &["form", "json", "multipart", "body"];

const SCALARS: Shape = Shape::Map(&Shape::Scalar);
/// A value, or several under the same name.
const REPEATED: Shape = Shape::Map(&Shape::Either(&[Shape::Scalar, Shape::List(&Shape::Scalar)]));

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
        Key::new(
            "websocket",
            Shape::Text,
            "Opens a WebSocket at a path or URL (`ws`, `wss`, `http`, `https`), and has the `dialogue` over it.",
        ),
        Key::new(
            "api",
            Shape::Text,
            "Calls an API: a method with a path or URL (`POST ${ci}/api/repos`); GET where there is no method.",
        ),
        Key::new(
            "oauth",
            Shape::Table(&OAUTH),
            "Signs in by OAuth 2, from the client's button to where the user lands.",
        ),
        Key::new("git", Shape::Table(&GIT), "Clones a repository over HTTP, or pushes to it."),
        Key::new(
            "assets",
            Shape::Text,
            "Loads all that a page refers to, and fails where something essential is broken. `page` stands for the last \
             page; otherwise it is a path or URL, and redirects are followed.",
        ),
        Key::new(
            "closed",
            Shape::Text,
            "Makes sure that nobody listens at this address (`http://${host}:2019/`): what must not be reachable from here.",
        ),
        Key::new("use", Shape::Text, "Runs the steps of another scenario: its file name without folder and `.yaml`."),
        Key::new("name", Shape::Text, "A name for people."),
        Key::new("when", Shape::Table(&STEP_WHEN), "Where the step applies; elsewhere it is skipped."),
        Key::new("with", SCALARS, "For `submit` the fields to fill in, for `use` the variables.")
            .beside(&["submit", "use"]),
        Key::new("headers", REPEATED, "Header fields to send.").beside(WITH_HEADERS),
        Key::new(
            "without",
            Shape::List(&Shape::Text),
            "Header fields that a browser sends by itself, such as `Origin` and `Cookie`, and that don't go along.",
        )
        .beside(WEBSOCKET),
        Key::new("query", REPEATED, "Parameters appended to the URL's query, form-urlencoded.")
            .beside(REQUESTS_AND_MORE),
        Key::new("form", REPEATED, "The content, as `application/x-www-form-urlencoded`.").beside(WITH_CONTENT),
        Key::new("json", Shape::Any, "The content, as `application/json`. Its strings may hold variables.")
            .beside(WITH_CONTENT),
        Key::new("multipart", Shape::Map(&PART_OR_PARTS), "The content, as `multipart/form-data`.")
            .beside(WITH_CONTENT),
        Key::new("body", Shape::Scalar, "The content, as it stands; its Content-Type goes under `headers`.")
            .beside(WITH_CONTENT),
        Key::new("basic_auth", Shape::Table(&BASIC_AUTH), "Credentials for `Authorization: Basic`.")
            .beside(REQUESTS_AND_PAGES),
        Key::new(
            "subprotocols",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
            "Subprotocols that are offered, the best first.",
        )
        .beside(WEBSOCKET),
        Key::new("dialogue", DIALOGUE, "What is said over the WebSocket once it is open, in order.").beside(WEBSOCKET),
        Key::new(
            "as",
            Shape::Either(&[Shape::Word(&[SESSION]), Shape::Table(&CREDENTIALS)]),
            "As whom: `session` sends the journey's cookies. Without it no cookies and no credentials go along.",
        )
        .beside(&["api"]),
        Key::new("under", Shape::Text, "The URL under which all that the page loads must lie.").beside(&["assets"]),
        Key::new(
            "ignore",
            Shape::Either(&[Shape::Scalar, Shape::List(&Shape::Scalar)]),
            "Regular expressions: what one of them matches somewhere in its URL isn't loaded.",
        )
        .beside(&["assets"]),
        Key::new(
            "origins",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
            "Other origins that the page may load from. References to all others aren't followed.",
        )
        .beside(&["assets"]),
        Key::new(
            "limit",
            Shape::Integer(1, MOST_ASSETS),
            "The most URLs that are loaded; where there are more the step fails. Without it 1000.",
        )
        .beside(&["assets"]),
        Key::new(
            "undo",
            Shape::Text,
            "The call that takes this one back, such as `DELETE ${forge}/x`. It is made with the same credentials when the \
             journey ends, however it ends; what is gone by then (404, 410) is fine.",
        )
        .beside(&["api"]),
        Key::new(
            "follow",
            Shape::Either(&[Shape::Bool, Shape::Table(&FOLLOW)]),
            "Whether redirects are followed, hop by hop. Without it they aren't.",
        )
        .beside(REQUESTS_AND_SUBMIT),
        Key::new("expect", Shape::Table(&EXPECT), "What must hold of what came back.").beside(ALL_BUT_USE),
        Key::new(
            "prerequisite",
            Shape::Text,
            "Where what is expected doesn't hold, the journey doesn't apply here, for this reason, and ends as skipped.",
        )
        .beside(ALL_BUT_USE),
        Key::new("capture", Shape::Map(&Shape::Table(&CAPTURE)), "Values to keep for later steps, by variable name.")
            .beside(ALL_BUT_USE),
        Key::new("retry", Shape::Table(&RETRY), "Repeats the step until all its expectations hold.")
            .beside(ALL_BUT_USE),
        Key::new("timeout", Shape::Duration, "The longest that the step may take, redirects and repetitions included.")
            .beside(ALL_BUT_USE),
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
