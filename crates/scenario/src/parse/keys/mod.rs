//! The keys of the scenario language: the parser and the JSON Schema both read them here.

mod api;
mod assets;
mod expect;
mod git;
mod oauth;
mod step;
mod websocket;

use crate::decode::{Key, Shape, Table};

pub(crate) use api::*;
pub(crate) use assets::*;
pub(crate) use expect::*;
pub(crate) use git::*;
pub(crate) use oauth::*;
pub(crate) use step::*;
pub(crate) use websocket::*;

const SERVICES: Shape = Shape::Word(&["edge", "forge", "ci", "chat", "staging", "ide", "echo"]);
const MODES: Shape = Shape::Word(&["subpath", "subdomain"]);
const SCHEMES: Shape = Shape::Word(&["http", "https"]);
const STACKS: Shape = Shape::Word(&["embedded", "containers", "external"]);

const STATUS: Shape = Shape::Integer(100, 599);

pub(crate) static SCENARIO: Table = Table {
    name: "scenario",
    noun: "a scenario",
    doc: "One journey of a user, in steps.",
    keys: &[
        Key::new("name", Shape::Text, "What the journey is called in reports.").required(),
        Key::new("description", Shape::Text, "A longer text for people."),
        Key::new("tags", Shape::List(&Shape::Text), "Labels that `--tag` selects by."),
        Key::new("when", Shape::Table(&WHEN), "Where the journey applies; elsewhere it is skipped."),
        Key::new("vars", Shape::Map(&Shape::Scalar), "Defaults of variables; the command line overrides them."),
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
        Key::new("status", Shape::Either(&[STATUS, Shape::List(&STATUS)]), "Status codes of the last answer."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};
