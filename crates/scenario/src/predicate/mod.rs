//! Does what came satisfy what was expected?

mod compare;
mod describe;
mod json;
mod pattern;
mod rendered;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

pub use pattern::compile as pattern;
pub(crate) use pattern::compile_text as compile_pattern;

use crate::model::Predicate;
use crate::secret::Redactor;
use crate::span::{Span, Spanned};
use crate::template::Unresolved;
use rendered::Rendered;

/// What came.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Nothing: no such header, element, node or cookie.
    Absent,
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// A span of time; in predicates it counts as a number of seconds.
    Duration(Duration),
    /// A boolean.
    Bool(bool),
    /// A JSON value.
    Json(serde_json::Value),
    /// Several values, such as a header field that came twice or the elements that a selector selects. A predicate
    /// holds if it holds of one of them; none is the same as [`Found::Absent`].
    List(Vec<Found>),
}

/// Why a predicate doesn't hold. All texts are redacted, then shortened, and fit on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What kind of trouble it was.
    pub kind: MismatchKind,
    /// The place of the operand in question; within several predicates, of the one that doesn't hold. `None` where a
    /// predicate has no operand with a place: then the expectation's own span is meant.
    pub span: Option<Span>,
    /// What was expected, as a phrase (`one of 200, 204`).
    pub expected: String,
    /// What came (`302`).
    pub found: String,
    /// What to do, where that can be told.
    pub help: Option<String>,
}

/// Kinds of mismatch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MismatchKind {
    /// What came is not what was expected.
    Unsatisfied,
    /// An operand has a variable that nothing gives a value to: nothing is known of what came.
    Unresolved(Unresolved),
    /// An operand makes no sense once its variables have their values (a pattern that isn't one, text where a number
    /// belongs); the text says what is wrong with it. Nothing is known of what came.
    Invalid(String),
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            MismatchKind::Unsatisfied => write!(formatter, "expected {}, found {}", self.expected, self.found),
            MismatchKind::Unresolved(unresolved) => {
                write!(formatter, "nothing gives `${{{}}}` a value", unresolved.name)
            }
            MismatchKind::Invalid(reason) => formatter.write_str(reason),
        }
    }
}

/// Whether the predicate holds of what came.
///
/// - `lookup` gives variables their values.
/// - `redactor` hides secrets in the mismatch. It is needed here, since a text must be redacted before it is shortened.
///
/// What it means:
/// - [`Predicate::Not`] holds exactly when the inner one doesn't, so `not: { contains: x }` holds of what is absent.
/// - Of what is absent nothing else holds but `exists: false` and a count of 0.
/// - Text is compared with a number as a number, if it is one. In JSON `"5"` and `5` differ, unless the operand has
///   variables.
/// - In a pattern a variable stands for its value's very characters.
///
/// # Errors
/// Why it doesn't, or why that can't be told.
pub fn check(
    predicate: &Predicate,
    found: &Found,
    lookup: &dyn Fn(&str) -> Option<String>,
    redactor: &Redactor,
) -> Result<(), Mismatch> {
    let rendered =
        rendered::render(predicate, lookup, found).map_err(|trouble| trouble.into_mismatch(found, redactor))?;
    examine(&rendered, found, redactor)
}

/// Tells which part doesn't hold.
fn examine(rendered: &Spanned<Rendered>, found: &Found, redactor: &Redactor) -> Result<(), Mismatch> {
    match &rendered.value {
        Rendered::All(parts) => parts.iter().try_for_each(|part| examine(part, found, redactor)),
        Rendered::Count(inner) => {
            let count = Found::Number(count(found));
            examine(inner, &count, redactor).map_err(|mut mismatch| {
                mismatch.expected = format!("a count of {}", mismatch.expected);
                mismatch.found = format!("{}: {}", mismatch.found, describe::found(found, &rendered.value, redactor));
                mismatch.help = describe::count_help(found);
                mismatch
            })
        }
        value if holds(value, found) => Ok(()),
        value => Err(Mismatch {
            kind: MismatchKind::Unsatisfied,
            span: (rendered.span != Span::default()).then_some(rendered.span),
            expected: describe::expected(value, found, redactor),
            found: describe::found(found, value, redactor),
            help: describe::help(value, found, redactor).map(|help| redactor.redact(&help).into_owned()),
        }),
    }
}

/// Whether it holds; every operand is known to make sense.
fn holds(rendered: &Rendered, found: &Found) -> bool {
    match rendered {
        Rendered::Not(inner) => !holds(&inner.value, found),
        Rendered::All(parts) => parts.iter().all(|part| holds(&part.value, found)),
        Rendered::Exists(wanted) => (count(found) > 0.0) == *wanted,
        Rendered::Count(inner) => holds(&inner.value, &Found::Number(count(found))),
        Rendered::OneOf(options) => options.iter().any(|option| any(found, &|one| compare::equal(option, one))),
        Rendered::Equals(operand) => any(found, &|one| compare::equal(operand, one)),
        Rendered::Compare(comparison, operand) => any(found, &|one| compare::ordered(*comparison, *operand, one)),
        Rendered::Contains(part) => any_text(found, &|text| text.contains(part.as_str())),
        Rendered::StartsWith(start) => any_text(found, &|text| text.starts_with(start.as_str())),
        Rendered::EndsWith(end) => any_text(found, &|text| text.ends_with(end.as_str())),
        Rendered::Matches(regex) => any_text(found, &|text| regex.is_match(text)),
        Rendered::Under(base) => any_text(found, &|text| compare::is_under(base, text)),
    }
}

/// Whether it holds of one of the values.
fn any(found: &Found, holds: &dyn Fn(&Found) -> bool) -> bool {
    match found {
        Found::Absent => false,
        Found::List(values) => values.iter().any(|value| any(value, holds)),
        value => holds(value),
    }
}

fn any_text(found: &Found, holds: &dyn Fn(&str) -> bool) -> bool {
    any(found, &|value| compare::text_of(value).is_some_and(|text| holds(&text)))
}

/// How many values there are.
fn count(found: &Found) -> f64 {
    match found {
        Found::Absent => 0.0,
        Found::List(values) => values.iter().map(count).sum(),
        _ => 1.0,
    }
}
