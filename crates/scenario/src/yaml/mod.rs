//! YAML as a tree whose every node knows its place in the file.
//!
//! This is YAML 1.2 with its core schema: `yes`, `on` and `2026-11-21` are text, `0o17` is a number. The grammar is
//! the business of `granit-parser`; from its events this module builds a tree, and goes on after errors that concern a
//! single node, so that all of them are reported at once. `serde_yaml` is no longer maintained, and the successors
//! that deserialise into types stop at the first error.
//!
//! What a file may not have, each with an error that says so: more than [`MAX_BYTES`], [`MAX_DEPTH`] levels, more than
//! [`MAX_NODES`] values or [`MAX_TEXT`] bytes of text once its aliases are written out (so a "YAML bomb" is refused at
//! once), two documents, a key twice in a mapping, keys that aren't scalars, merge keys (`<<`, which YAML 1.2 doesn't
//! have), and tags other than those of the core schema. Anchors and aliases are fine.

mod build;
mod error;
mod scalar;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::span::{Source, Span, Spanned};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// The most levels of mappings and sequences in each other.
pub const MAX_DEPTH: usize = 64;
/// The most values that a file may have, those that aliases repeat counted each time.
pub const MAX_NODES: usize = 100_000;
/// The most text that a file's scalars may have in all, in bytes, what aliases repeat counted each time.
pub const MAX_TEXT: usize = 4 << 20;

/// The message of the error about a file with nothing in it.
pub(crate) const EMPTY: &str = "the file is empty";

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub kind: Kind,
    /// Its place: of a scalar all that was written, quotes included; of a mapping or sequence from its first key or
    /// item to the end of its last value, or with its brackets. What an alias stands for has the place of its anchor.
    pub span: Span,
}

/// Kinds of values.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    String(String, Style),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys with values, in the order of the file. No key comes twice.
    Mapping(Vec<(Spanned<String>, Node)>),
}

/// A number with the text that it was written as.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// As written: `007`, `1.50`, `0x1F`.
    pub text: String,
    /// As JSON has it: exact for integers that fit into 64 bits.
    pub json: serde_json::Number,
}

/// How a text was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// As a block, after `|` or `>`.
    Block,
}

/// Reads a file of one document.
///
/// # Errors
/// All that is wrong with it, in the order of the file. Errors of grammar end the reading; there is at most one.
pub fn parse(source: &Arc<Source>) -> Result<Node, Vec<Diagnostic>> {
    match build::build(source) {
        (Some(root), diagnostics) if diagnostics.is_empty() => Ok(root),
        (_, diagnostics) => Err(diagnostics),
    }
}

/// The same for who has more to say about the file: where nothing is wrong but that keys come twice, the tree comes along,
/// with the first of each.
pub fn parse_as_far_as_possible(source: &Arc<Source>) -> (Option<Node>, Vec<Diagnostic>) {
    build::build(source)
}

impl Node {
    /// What kind of value it is, for messages: `text`, `a number`, `a mapping` …
    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::String(..) => "text",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text, _) => Some(text),
            _ => None,
        }
    }

    /// A string, number or boolean as text; numbers as they were written.
    pub fn scalar_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text, _) => Some(text),
            Kind::Number(number) => Some(&number.text),
            Kind::Bool(true) => Some("true"),
            Kind::Bool(false) => Some("false"),
            Kind::Null | Kind::Sequence(_) | Kind::Mapping(_) => None,
        }
    }

    /// The text of a string without quotes: a keyword such as `exists`.
    pub fn as_word(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text, Style::Plain) => Some(text),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub fn as_mapping(&self) -> Option<&[(Spanned<String>, Node)]> {
        match &self.kind {
            Kind::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a mapping's key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping()?.iter().find(|(name, _)| name.value == key).map(|(_, node)| node)
    }

    /// The same as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.kind {
            Kind::Null => serde_json::Value::Null,
            Kind::Bool(value) => (*value).into(),
            Kind::Number(number) => serde_json::Value::Number(number.json.clone()),
            Kind::String(text, _) => text.as_str().into(),
            Kind::Sequence(items) => items.iter().map(Node::to_json).collect(),
            Kind::Mapping(entries) => entries
                .iter()
                .map(|(key, value)| (key.value.clone(), value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}
