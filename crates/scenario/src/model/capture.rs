//! Values kept for later steps.

use super::git::GitFact;
use crate::span::Spanned;
use crate::template::Template;

/// A value kept for later steps.
#[derive(Debug, Clone)]
pub struct Capture {
    /// The variable's name.
    pub name: Spanned<String>,
    /// Where it comes from.
    pub from: CaptureSource,
    /// A regular expression applied to what was found: its first group, or the whole match.
    pub regex: Option<Spanned<Template>>,
    /// The value must never be printed.
    pub secret: bool,
}

/// Where a captured value comes from. The first one found is taken; none is a failure.
#[derive(Debug, Clone)]
pub enum CaptureSource {
    /// A header field of the last response; the name in lower case.
    Header(Spanned<String>),
    /// A cookie of the jar.
    Cookie(Spanned<String>),
    /// The content as text.
    Body,
    /// An element's text, or one of its attributes.
    Css {
        /// The selector.
        selector: Spanned<Template>,
        /// The attribute; `None` for the text.
        attribute: Option<Spanned<String>>,
    },
    /// A node of the JSON (RFC 9535).
    Json(Spanned<Template>),
    /// The final URL.
    Url,
    /// A parameter of the final URL's query.
    UrlQuery(Spanned<String>),
    /// What a `git` step fetched or pushed.
    Git(GitFact),
}
