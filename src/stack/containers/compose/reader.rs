//! What reading needs everywhere: the file, the variables, and the errors found so far.

use std::sync::Arc;

use scenario::yaml::{Kind, Node};
use scenario::{Diagnostic, Source, Span, Spanned};

use super::interpolate::interpolate;

/// Reads nodes, collecting errors: each function gives what it can and reports what it can't.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Arc<Source>,
    pub(super) lookup: &'a dyn Fn(&str) -> Option<String>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    /// Reports an error.
    pub(super) fn error(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::at(self.source, span, message).help(help));
    }

    /// Reports that a value is of the wrong kind.
    pub(super) fn expected(&mut self, node: &Node, what: &str, expected: &str) {
        let message = format!("{what} must be {expected}");
        self.diagnostics
            .push(Diagnostic::at(self.source, node.span, message).expected(expected).found(node.kind_name()));
    }

    /// Reports that a text can't be read as what it should be.
    pub(super) fn malformed(&mut self, text: &Spanned<String>, what: &str, expected: &str) {
        let diagnostic = Diagnostic::at(self.source, text.span, format!("{what} can't be read"));
        self.diagnostics.push(diagnostic.expected(expected).found(format!("`{}`", text.value)));
    }

    /// Reports a key that this reader doesn't know.
    pub(super) fn unknown(&mut self, key: &Spanned<String>, place: &str, known: &[&str]) {
        let message = format!("`{}` is not supported in {place}", key.value);
        let supported = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
        let help = format!("supported here: {supported}; teach src/stack/containers/compose the key, or leave it out");
        self.error(key.span, message, help);
    }

    /// A mapping's entries; none for a key with nothing after it.
    pub(super) fn mapping<'n>(&mut self, node: &'n Node, what: &str) -> &'n [(Spanned<String>, Node)] {
        match &node.kind {
            Kind::Mapping(entries) => entries,
            Kind::Null => &[],
            _ => {
                self.expected(node, what, "a mapping");
                &[]
            }
        }
    }

    /// A text, number or boolean as text, its variables filled in.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        let Some(text) = node.scalar_text() else {
            self.expected(node, what, "text");
            return None;
        };
        match interpolate(text, self.lookup) {
            Ok(value) => Some(Spanned::new(value, node.span)),
            Err(error) => {
                self.diagnostics.push(Diagnostic::at(self.source, node.span, error.to_string()));
                None
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, node: &Node, what: &str) -> Vec<Spanned<String>> {
        match &node.kind {
            Kind::Sequence(items) => items.iter().filter_map(|item| self.text(item, what)).collect(),
            _ => {
                self.expected(node, what, "a list");
                Vec::new()
            }
        }
    }

    /// The same without places.
    pub(super) fn words(&mut self, node: &Node, what: &str) -> Vec<String> {
        self.texts(node, what).into_iter().map(|text| text.value).collect()
    }

    /// A boolean.
    pub(super) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        if let Kind::Bool(value) = node.kind {
            return Some(value);
        }
        self.expected(node, what, "true or false");
        None
    }

    /// Text, read by `parse`.
    pub(super) fn parsed<T>(
        &mut self,
        node: &Node,
        what: &str,
        expected: &str,
        parse: fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(node, what)?;
        let value = parse(&text.value);
        if value.is_none() {
            self.malformed(&text, what, expected);
        }
        value
    }
}
