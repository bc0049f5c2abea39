//! The keys of `git`.

use super::expect::{PREDICATE_OR_VALUE, PREDICATES};
use super::step::BASIC_AUTH;
use crate::decode::{Key, Shape, Table};

/// The most commits that a clone may ask for.
pub(crate) const MOST_DEPTH: i64 = 1_000_000;

pub(crate) static GIT: Table = Table {
    name: "git",
    noun: "a `git`",
    doc: "What is done with a repository over HTTP, as git does it.",
    keys: &[
        Key::new(
            "clone",
            Shape::Text,
            "Fetches a branch of the repository at this path or URL, and fails unless it is whole.",
        ),
        Key::new(
            "push",
            Shape::Text,
            "Commits files to a branch of the repository at this path or URL; a new branch begins with them alone.",
        ),
        Key::new("basic_auth", Shape::Table(&BASIC_AUTH), "Credentials for `Authorization: Basic`."),
        Key::new("branch", Shape::Scalar, "The branch. A clone without it takes what the server's `HEAD` points to."),
        Key::new("depth", Shape::Integer(1, MOST_DEPTH), "How many commits are fetched. Without it all.")
            .beside(&["clone"]),
        Key::new("files", Shape::Map(&Shape::Scalar), "Files by their paths, each with its text.").beside(&["push"]),
        Key::new(
            "size",
            Shape::Text,
            "The size of one more file, `generated.bin`, of bytes that can't be packed: `50MB`, at most `100MB`.",
        )
        .beside(&["push"]),
        Key::new("message", Shape::Scalar, "The commit's message.").beside(&["push"]),
        Key::new(
            "undo",
            Shape::Bool,
            "When the journey ends, however it ends, the branch is set back to what it was, or deleted if it is new.",
        )
        .beside(&["push"]),
    ],
    exactly_one: &["clone", "push"],
    at_most_one: &[],
};

pub(crate) static GIT_EXPECT: Table = Table {
    name: "git_expect",
    noun: "an expectation of a repository",
    doc: "What must hold of what a `git` step fetched or pushed.",
    keys: &[
        Key::new("commit", PREDICATE, "The id of the branch's newest commit."),
        Key::new("message", PREDICATE, "That commit's message."),
        Key::new("head", PREDICATE, "The branch that the server's `HEAD` points to."),
        Key::new("branch", PREDICATES, "The ids of the newest commits of the server's branches, by branch."),
        Key::new("file", PREDICATES, "The texts of the branch's files, by path."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

const PREDICATE: Shape = Shape::Named("predicate_or_value", &PREDICATE_OR_VALUE);
