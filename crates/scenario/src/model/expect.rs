//! Expectations: a subject, and what must hold of it.

use super::assets::AssetsAspect;
use super::git::GitAspect;
use super::request::JsonTemplate;
use crate::span::{Span, Spanned};
use crate::template::Template;

/// One subject with what must hold of it.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// The expectation's value in the file: where the carets go.
    pub span: Span,
    /// What is looked at.
    pub subject: Subject,
    /// What must hold.
    pub predicate: Predicate,
}

/// What an expectation looks at.
#[derive(Debug, Clone)]
pub enum Subject {
    /// The last response's status code.
    Status,
    /// A header field's values in the last response; the name in lower case.
    Header(String),
    /// The media type of the last response, without parameters, in lower case.
    ContentType,
    /// The last response's content as text.
    Body,
    /// Elements of the last page.
    Css {
        /// The selector.
        selector: Spanned<Template>,
        /// What of the elements.
        aspect: CssAspect,
    },
    /// Nodes of the last response's JSON (RFC 9535).
    Json(Spanned<Template>),
    /// The URL that the last response came from.
    Url,
    /// The same, of each hop from the first request to the last.
    EveryHop(HopAspect),
    /// How many redirects were followed.
    Hops,
    /// Whether no request was repeated on the way (same method, URL and cookies).
    NoLoop,
    /// A cookie in the jar after the step, as its last `Set-Cookie` wrote it.
    Cookie {
        /// The cookie's name.
        name: Spanned<Template>,
        /// What of it.
        aspect: CookieAspect,
    },
    /// The time from the first byte sent to the last byte received, in seconds.
    Duration,
    /// The time from the first piece of the last response's content to its last, in seconds.
    Spread,
    /// What a `git` step fetched or pushed.
    Git(GitAspect),
    /// What an `assets` step loaded.
    Assets(AssetsAspect),
}

/// What of the selected elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CssAspect {
    /// The elements themselves: whether they are there, and how many.
    Elements,
    /// Their text, white space collapsed.
    Text,
    /// An attribute's value.
    Attribute(String),
}

/// What of each hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HopAspect {
    /// The URL asked for.
    Url,
    /// The status code.
    Status,
    /// A header field; the name in lower case.
    Header(String),
}

/// What of a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieAspect {
    /// The cookie itself: whether it is there.
    Presence,
    /// Its value.
    Value,
    /// Its `Path` attribute, as sent.
    Path,
    /// Its `Domain` attribute, as sent.
    Domain,
    /// Whether it has `HttpOnly`.
    HttpOnly,
    /// Whether it has `Secure`.
    Secure,
    /// Its `SameSite` attribute, as sent.
    SameSite,
    /// In what time it ends, unless it ends with the browser's session.
    ExpiresIn,
}

/// What must hold. Operands may hold variables.
#[derive(Debug, Clone)]
pub enum Predicate {
    /// Equal: numbers as numbers, text as text.
    Equals(Spanned<Operand>),
    /// Equal to one of these.
    OneOf(Vec<Spanned<Operand>>),
    /// The inner one doesn't hold.
    Not(Box<Predicate>),
    /// The text, or one of several values, contains this.
    Contains(Spanned<Template>),
    /// The regular expression matches somewhere.
    Matches(Spanned<Template>),
    /// The text starts with this.
    StartsWith(Spanned<Template>),
    /// The text ends with this.
    EndsWith(Spanned<Template>),
    /// A URL under this one: same origin, and the path equal to, or below, its path.
    Under(Spanned<Template>),
    /// A comparison of numbers (durations in seconds).
    Compare(Comparison, Spanned<Operand>),
    /// It is there, or (`false`) it isn't.
    Exists(bool),
    /// How many there are.
    Count(Box<Predicate>),
    /// All of these.
    All(Vec<Spanned<Predicate>>),
}

/// An order between numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    LessThan,
    /// `<=`
    AtMost,
    /// `>`
    GreaterThan,
    /// `>=`
    AtLeast,
}

/// A predicate's operand.
#[derive(Debug, Clone)]
pub enum Operand {
    /// Text, which may hold variables.
    Text(Template),
    /// A number. Durations (`2s`, `150ms`) are numbers of seconds where the subject is one.
    Number(f64),
    /// A boolean.
    Bool(bool),
    /// JSON null.
    Null,
    /// Any other JSON: arrays and objects.
    Json(JsonTemplate),
}
