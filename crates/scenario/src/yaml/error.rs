//! Errors of grammar in words, with what to do.

use std::sync::Arc;

use granit_parser::ErrorKind;

use super::MAX_DEPTH;
use crate::diagnostic::Diagnostic;
use crate::span::{LineIndex, Source};

/// The error of the grammar at a byte offset.
pub(super) fn syntax(source: &Arc<Source>, index: &LineIndex, kind: &ErrorKind, offset: usize) -> Diagnostic {
    let text = &source.text;
    let offset = text.floor_char_boundary(offset);
    let is_break = |character: char| matches!(character, '\n' | '\r');
    // The character at the place, or nothing at the end of a line.
    let end = offset + text[offset..].chars().next().filter(|found| !is_break(*found)).map_or(0, char::len_utf8);
    let (message, help) = explain(kind);
    let message = message.map_or_else(|| format!("not valid YAML: {kind}"), str::to_owned);
    // The grammar may notice a tab only behind it, or already at the end of the line before.
    let tab = tab_near(text, offset).filter(|_| message == TAB);
    let range = tab.map_or(offset..end, |tab| tab..tab + 1);
    let diagnostic = Diagnostic::at(source, index.span(text, range), message);
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// The first tab in the indentation of the place's line, or else of the line after it.
fn tab_near(text: &str, offset: usize) -> Option<usize> {
    let line_start = text[..offset].rfind(['\n', '\r']).map_or(0, |end| end + 1);
    text[line_start..]
        .split_inclusive(['\n', '\r'])
        .take(3)
        .scan(line_start, |start, line| {
            let this = *start;
            *start += line.len();
            Some((this, line))
        })
        .find_map(|(start, line)| {
            let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
            line[..indentation].find('\t').map(|tab| start + tab)
        })
}

const TAB: &str = "a tab can't be used as indentation";

/// What is wrong, and what to do, for the errors that people make; the grammar's own words do for the others.
fn explain(kind: &ErrorKind) -> (Option<&'static str>, Option<&'static str>) {
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => (Some(TAB), Some("use spaces")),
        ErrorKind::UnclosedQuotedScalar => (Some("a quote is never closed"), Some("close it, on the same line")),
        ErrorKind::InvalidQuotedScalarIndent => (
            Some("text in quotes goes on here, with less indentation than it needs"),
            Some("is its quote never closed?"),
        ),
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofImplicitFlowMapping => {
            (Some("a bracket is never closed"), Some("look for a `{` or `[` without its `}` or `]`"))
        }
        ErrorKind::MisplacedFlowCollectionEnd | ErrorKind::MismatchedFlowCollectionEnd { .. } => {
            (Some("this bracket closes nothing"), Some("look for the `{` or `[` that it belongs to"))
        }
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => (
            Some("a `,` or a closing bracket was expected here"),
            Some("close the bracket that is open, and put values that have brackets, `,` or `: ` in them into quotes"),
        ),
        ErrorKind::MappingValueNotAllowed => (
            Some("a `:` makes no sense here"),
            Some("is the line indented as its neighbours are? Put text with `: ` in it into quotes"),
        ),
        ErrorKind::InvalidColonPlacement => {
            (Some("a `:` makes no sense here"), Some("is a bracket or a quote before it never closed?"))
        }
        ErrorKind::UnknownQuotedScalarEscape => (
            Some("an unknown escape in double quotes"),
            Some("write `\\\\` for a backslash, or use single quotes, in which it is one"),
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            (Some("a `key: value` was expected here"), Some("is a `:` missing, or the space after it?"))
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
            (Some("the indentation doesn't fit the lines before"), Some("indent the keys of a mapping alike"))
        }
        ErrorKind::ExpectedBlockSequenceEntry => {
            (Some("a `-` was expected here"), Some("indent the items of a list alike, each with its `-`"))
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            (Some("a `-` makes no sense here"), Some("start a list on a line of its own"))
        }
        ErrorKind::UnexpectedCharacter { character: '@' | '`' } => {
            (Some("text can't start with this character"), Some("put it into quotes"))
        }
        ErrorKind::UnexpectedCharacter { character: '%' } => {
            (Some("text can't start with `%`"), Some("put it into quotes"))
        }
        ErrorKind::RecursionLimitExceeded => {
            const { assert!(MAX_DEPTH == 64, "the message below says 64") };
            (Some("the file is nested too deeply: at most 64 levels"), None)
        }
        _ => (None, None),
    }
}
