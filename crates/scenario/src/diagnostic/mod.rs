//! A located error, and the one way in which it is shown: a typing error in a file and a failed expectation look
//! alike everywhere.

mod render;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::span::{Source, Span};

/// What is wrong, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file in question.
    pub source: Option<Arc<Source>>,
    /// The place in it.
    pub span: Option<Span>,
    /// One sentence, without a full stop.
    pub message: String,
    /// What stands under the carets: a few words about the place itself.
    pub label: Option<String>,
    /// What was expected.
    pub expected: Option<String>,
    /// What came.
    pub found: Option<String>,
    /// What to do next.
    pub help: Option<String>,
    /// Other places of the same file that have to do with it, each with a few words.
    pub related: Vec<(Span, String)>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            source: None,
            span: None,
            message: message.into(),
            label: None,
            expected: None,
            found: None,
            help: None,
            related: Vec::new(),
        }
    }

    /// An error at a place of a file.
    pub fn at(source: &Arc<Source>, span: Span, message: impl Into<String>) -> Self {
        Self { source: Some(Arc::clone(source)), span: Some(span), ..Self::new(message) }
    }

    /// An error about a file as a whole.
    pub fn in_file(source: &Arc<Source>, message: impl Into<String>) -> Self {
        Self { source: Some(Arc::clone(source)), ..Self::new(message) }
    }

    /// Says a few words about the place itself.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Says what was expected.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Says what came.
    #[must_use]
    pub fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Points at another place of the same file.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// The same with every text that is shown passed through `change`; the file's own lines are changed when the
    /// result is rendered, by whoever redacts that.
    #[must_use]
    pub fn map_text(mut self, change: &dyn Fn(&str) -> String) -> Self {
        self.message = change(&self.message);
        for text in [&mut self.label, &mut self.expected, &mut self.found, &mut self.help].into_iter().flatten() {
            *text = change(text);
        }
        for (_, text) in &mut self.related {
            *text = change(text);
        }
        self
    }

    /// The error as a text of several lines that ends in a line feed, with terminal colours if asked for.
    pub fn render(&self, color: bool) -> String {
        render::render(self, color)
    }
}
