//! The keys of what a page loads.

use super::expect::{PREDICATE, predicate};
use crate::decode::{Key, Shape, Table};

/// The most that a `limit` of assets may be.
pub(crate) const MOST_ASSETS: i64 = 10_000;

pub(crate) static ASSETS: Table = Table {
    name: "assets",
    noun: "an expectation of assets",
    doc: "What must hold of what an `assets` step loaded, each URL counted once.",
    keys: &[
        Key::new("count", predicate!(), "How many URLs there are, the page's own excepted."),
        Key::new("scripts", predicate!(), "How many of them are scripts and modules."),
        Key::new("styles", predicate!(), "How many are stylesheets."),
        Key::new("images", predicate!(), "How many are images; icons aren't among them."),
        Key::new("fonts", predicate!(), "How many are fonts."),
        Key::new("broken", predicate!(), "How many are essential and broken. Without it none may be."),
        Key::new("notes", predicate!(), "How many are broken and not essential."),
        Key::new("urls", predicate!(), "One of the URLs."),
        Key::new(
            "duration",
            Shape::Either(&[Shape::Table(&PREDICATE)]),
            "The time from the page's first byte to the last byte of the last asset.",
        ),
    ],
    exactly_one: &[],
    at_most_one: &[],
};
