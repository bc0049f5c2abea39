//! The keys of `api`.

use super::step::BASIC_AUTH;
use crate::decode::{Key, Shape, Table};

/// The one word that `as` may be.
pub(crate) const SESSION: &str = "session";

/// The kinds of credentials that are a token.
pub(crate) const TOKENS: &[&str] = &["bearer", "token", "csrf"];

pub(crate) static CREDENTIALS: Table = Table {
    name: "credentials",
    noun: "an `as`",
    doc: "As whom an API is called. A token is always a secret, and so is what it was captured as.",
    keys: &[
        Key::new("bearer", Shape::Text, "`Authorization: Bearer …` (RFC 6750)."),
        Key::new("token", Shape::Text, "`Authorization: token …`, as Forgejo, Gitea and GitHub have it."),
        Key::new("basic", Shape::Table(&BASIC_AUTH), "`Authorization: Basic …` (RFC 7617)."),
        Key::new("csrf", Shape::Text, "The journey's cookies, with `X-CSRF-TOKEN: …`."),
    ],
    exactly_one: &["bearer", "token", "basic", "csrf"],
    at_most_one: &[],
};
