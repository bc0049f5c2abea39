//! The keys of a fault file.

use doubles::chat::Defect;
use scenario::decode::{Key, Shape, Table};

use super::tamper::keys as tamper;

/// The services, as they are named in a file.
const SERVICES: Shape = Shape::Word(&["edge", "forge", "ci", "chat", "staging", "ide", "echo", "ci-agent", "model"]);
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
        Key::new(
            "mode",
            Shape::Word(&["subpath", "subdomain"]),
            "How the edge routes, whatever mode was asked for: for what goes wrong in one of them alone.",
        ),
        Key::new("env", Shape::Map(&Shape::Map(&SETTING)), "Settings by service; `null` unsets."),
        Key::new(
            "routes",
            Shape::Map(&Shape::Either(&[Shape::Table(&ROUTE), Shape::Null])),
            "Fields of the edge's routes by their names; `null` removes a route. With a `path` it may be a route that there isn't: it is \
             added, before broader ones.",
        ),
        Key::new(
            "caddyfile",
            Shape::Either(&[Shape::List(&Shape::Table(&TEXT_CHANGE)), Shape::Table(&TEXT_CHANGE)]),
            "Changes of the generated Caddyfile's text, one after the other; in containers only.",
        ),
        Key::new(
            "oauth",
            Shape::Map(&Shape::Table(&APPLICATION)),
            "OAuth applications as the forge knows them, by service.",
        ),
        Key::new("stop", Shape::List(&SERVICES), "Services that don't run."),
        Key::new(
            "defects",
            Shape::Table(&DEFECTS),
            "Mistakes that a service is built with. The programs have no such switch: a double takes their place.",
        ),
        Key::new(
            "tamper",
            Shape::Map(&Shape::Either(&[Shape::List(&Shape::Table(&tamper::RULE)), Shape::Table(&tamper::RULE)])),
            "Rules of a meddler between the edge and a service, by service. Requests come to it as the edge sends them, and it passes on \
             all else as it came.",
        ),
        Key::new(
            "use",
            Shape::List(&Shape::Text),
            "Other faults that are there as well, by their ids: files beside this one.",
        ),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(super) static DEFECTS: Table = Table {
    name: "defects",
    noun: "`defects`",
    doc: "Mistakes by service.",
    keys: &[Key::new(
        "chat",
        Shape::Either(&[Shape::List(&Shape::Word(Defect::NAMES)), Shape::Word(&["none"])]),
        "Those of the chat double; `none` for the double as it should be.",
    )
    .required()],
    exactly_one: &[],
    at_most_one: &[],
};

pub(super) static ROUTE: Table = Table {
    name: "route",
    noun: "a route",
    doc: "Fields of a route that are otherwise than they should be. The routes under subpaths are `root`, `forge-bare`, `forge`, \
          `forge-internal`, `forge-internal-root`, `forge-registry`, `forge-registry-bare`, `ci-bare`, `ci`, `staging-bare`, `staging` and \
          so on; `SERVICE-bare` is the prefix without its slash.",
    keys: &[
        Key::new(
            "path",
            Shape::Text,
            "The paths that it takes: `/x` alone, `/x/*` all below, `*` all. A route that there isn't needs one to be added.",
        ),
        Key::new("host", Shape::Text, "The host that it answers at; the origin's where a route is added."),
        Key::new("service", Shape::Text, "The service that it leads to, at that service's own address."),
        Key::new(
            "upstream",
            Shape::Text,
            "Where the service listens, `HOST:PORT`, or the name of a service for its own address.",
        ),
        Key::new(
            "strip_prefix",
            Shape::Either(&[Shape::Bool, Shape::Text]),
            "Whether the route's prefix is taken off the path, or which other prefix is.",
        ),
        Key::new("add_prefix", Shape::Text, "A prefix that is put before the path."),
        Key::new(
            "redirect",
            Shape::Either(&[Shape::Text, Shape::Table(&REDIRECT)]),
            "Where the client is sent instead, with 302; `{uri}` at its end is the path with its query.",
        ),
        Key::new(
            "respond",
            Shape::Either(&[Shape::Integer(200, 599), Shape::Text, Shape::Table(&RESPOND)]),
            "What the edge answers by itself instead: a status, a text, or both.",
        ),
        Key::new("cookies", Shape::Word(&["pass", "drop"]), "Whether cookies reach the service."),
        Key::new("websocket", Shape::Bool, "Whether a connection may be upgraded."),
        Key::new(
            "max_body",
            Shape::Either(&[Shape::Integer(0, i64::MAX), Shape::Null]),
            "The largest content of a request in bytes; `null` sets no limit.",
        ),
        Key::new("flush", Shape::Word(&["auto", "immediate"]), "When what the service sends is passed on."),
        Key::new(
            "headers",
            Shape::Map(&SETTING),
            "Request header fields as the service is told them, the edge's own (`X-Forwarded-Proto`) included; `null` takes one off.",
        ),
        Key::new("host_header", SETTING, "The `Host` that the service is told; short for `headers: { Host: … }`."),
        Key::new(
            "remove_headers",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
            "Request header fields of the client's that never arrive, in place of those that say who is signed in.",
        ),
        Key::new(
            "gate",
            Shape::Either(&[Shape::Null, Shape::Table(&GATE)]),
            "How the edge asks the service first who may pass (`forward_auth`); `null` asks nobody.",
        ),
    ],
    exactly_one: &[],
    at_most_one: &["service", "redirect", "respond"],
};

pub(super) static GATE: Table = Table {
    name: "gate",
    noun: "a gate",
    doc: "How the edge asks first who may pass.",
    keys: &[
        Key::new("secret", Shape::Text, "What the edge shows for the secret that it shares with the gate."),
        Key::new(
            "copy_headers",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
            "The fields of the gate's answer that the request takes along; an empty list for none.",
        ),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(super) static REDIRECT: Table = Table {
    name: "redirect",
    noun: "a redirect",
    doc: "Where the client is sent.",
    keys: &[
        Key::new(
            "to",
            Shape::Text,
            "A path of the same host, or a URL; `{uri}` at its end is the path with its query.",
        )
        .required(),
        Key::new("status", Shape::Integer(301, 308), "301, 302, 303, 307 or 308; 302 where nothing is said."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(super) static RESPOND: Table = Table {
    name: "respond",
    noun: "what the edge answers",
    doc: "What the edge answers by itself.",
    keys: &[
        Key::new("status", Shape::Integer(200, 599), "The status; 200 where nothing is said."),
        Key::new("body", Shape::Text, "The content, one line of plain text; empty where nothing is said."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(super) static TEXT_CHANGE: Table = Table {
    name: "text-change",
    noun: "a change of the Caddyfile",
    doc: "What is replaced in the generated Caddyfile. `admin off`, `auto_https off` and `persist_config off` are its global options; a \
          site begins with its address, `${edge} {`.",
    keys: &[
        Key::new(
            "replace",
            Shape::Text,
            "The text to look for. Each place is changed; none is an error. Spaces stand for any white space.",
        )
        .required(),
        Key::new("with", Shape::Text, "What stands there then; empty takes it out.").required(),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

pub(super) static APPLICATION: Table = Table {
    name: "application",
    noun: "an application",
    doc: "An OAuth application as the forge knows it, and what its service knows of it.",
    keys: &[
        Key::new(
            "redirect_uris",
            Shape::Either(&[Shape::List(&Shape::Text), Shape::Text]),
            "Where the forge lets browsers be sent back to.",
        ),
        Key::new("client_id", Shape::Text, "What the service takes for its client id."),
        Key::new("client_secret", Shape::Text, "What the service takes for its secret; the forge has another."),
        Key::new(
            "rotate_secret",
            Shape::Bool,
            "The application is updated at the forge, which makes a new secret, and the service keeps the old one.",
        ),
    ],
    exactly_one: &[],
    at_most_one: &["client_secret", "rotate_secret"],
};
