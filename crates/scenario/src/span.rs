//! Places in a file.

use std::ops::Range;
use std::sync::Arc;

/// A file's name as shown to people, and its text.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as the user gave it.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A source that can be shared by everything read from it.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }

    /// The text at `span`; empty where the span isn't one of this file's.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    /// The span of a range of bytes, moved to the nearest character boundaries inside the text. It reads the text
    /// from its beginning: for many ranges of one file use a [`LineIndex`].
    pub fn span(&self, range: Range<usize>) -> Span {
        LineIndex::new(&self.text).span(&self.text, range)
    }
}

/// Where the lines of a text start, so that many byte offsets become lines and columns quickly.
///
/// A line ends at a line feed, at a carriage return with a line feed, or at a lone carriage return (YAML 1.2.2,
/// section 5.4).
#[derive(Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// The index of `text`.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (offset, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' || (*byte == b'\r' && bytes.get(offset + 1) != Some(&b'\n')) {
                starts.push(offset + 1);
            }
        }
        Self { starts }
    }

    /// The span of a range of bytes of `text`, which is the text that the index was made of. Offsets outside of it, or
    /// within a character, are moved to the nearest place that isn't.
    pub fn span(&self, text: &str, range: Range<usize>) -> Span {
        let start = text.floor_char_boundary(range.start);
        let end = text.ceil_char_boundary(range.end).max(start);
        let line = self.starts.partition_point(|line_start| *line_start <= start);
        let line_start = self.starts[line - 1];
        Span { start, end, line, column: text[line_start..start].chars().count() + 1 }
    }
}

/// A range of bytes in a file's text, with the line and column of its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
    /// Line of the first byte, from 1.
    pub line: usize,
    /// Column of the first character, from 1, in characters.
    pub column: usize,
}

impl Span {
    /// From the start of this span to the end of `other`.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { end: other.end.max(self.end), ..self }
    }
}

/// A value with the place that it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, read from `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}
