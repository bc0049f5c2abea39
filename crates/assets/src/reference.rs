//! A reference, and the collection of those of a file.

use url::Url;

use crate::{Kind, LIMIT};

/// The longest text of a reference that is kept as written, in bytes.
const WRITTEN: usize = 2048;

/// Something that a file asks the browser to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// As written, shortened where it is very long.
    pub written: String,
    /// Where it leads.
    pub target: Target,
    /// What it is loaded as.
    pub kind: Kind,
    /// The page doesn't work, or doesn't look right, without it.
    pub essential: bool,
    /// What refers to it: an element with its attribute, `url()`, `@import`, `import`, `import()` …
    pub by: &'static str,
    /// The line in the file, from 1.
    pub line: usize,
    /// `crossorigin` is set: the browser asks by CORS.
    pub cors: bool,
    /// Cookies go along; they don't with a manifest, unless it says so.
    pub credentials: bool,
}

/// Where a reference leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// To an `http` or `https` URL, without its fragment.
    Url(Url),
    /// Nowhere that a page of the web can load from, with the reason in a clause.
    Nowhere(String),
}

/// What was found in a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The references, in the order of the file.
    pub references: Vec<Reference>,
    /// How many carry their content with them, or need none (`data:`, `blob:`, `about:`).
    pub inline: usize,
    /// How many there are beyond [`LIMIT`].
    pub left_out: usize,
    /// Where the file stopped making sense to us: what follows wasn't read, and what stands before may be misread.
    pub unread: Option<Unread>,
}

/// Where a file stopped making sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The line, from 1.
    pub line: usize,
    /// What stood there.
    pub reason: &'static str,
}

impl Reference {
    /// A reference to `written`, resolved against `base` as a browser does (WHATWG URL). `None` for what needs no loading:
    /// an empty text, a fragment alone, and addresses that carry their content.
    pub(crate) fn new(
        written: &str,
        base: &Url,
        kind: Kind,
        by: &'static str,
        line: usize,
    ) -> Option<Result<Self, Inline>> {
        let trimmed = written.trim_matches(|c: char| c.is_ascii_whitespace());
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return None;
        }
        let target = match base.join(trimmed) {
            Ok(mut url) => match url.scheme() {
                "http" | "https" => {
                    url.set_fragment(None);
                    Target::Url(url)
                }
                "data" | "blob" | "about" | "javascript" => return Some(Err(Inline)),
                scheme => Target::Nowhere(format!("no page of the web can load from a {scheme}: address")),
            },
            Err(error) => Target::Nowhere(format!("it is no URL: {error}")),
        };
        Some(Ok(Self::to(trimmed, target, kind, by, line)))
    }

    pub(crate) fn to(written: &str, target: Target, kind: Kind, by: &'static str, line: usize) -> Self {
        let end = written.floor_char_boundary(WRITTEN.min(written.len()));
        Self {
            written: written[..end].to_owned(),
            target,
            kind,
            essential: !matches!(kind, Kind::Icon | Kind::Manifest | Kind::Track),
            by,
            line,
            cors: kind.needs_cors(),
            credentials: kind != Kind::Manifest,
        }
    }
}

/// The address carries its content.
pub(crate) struct Inline;

impl Found {
    /// Adds what a text refers to; `change` completes it.
    pub(crate) fn add(
        &mut self,
        written: &str,
        base: &Url,
        kind: Kind,
        by: &'static str,
        line: usize,
        change: impl FnOnce(&mut Reference),
    ) {
        // Resolving costs more than counting.
        if self.references.len() >= LIMIT {
            self.left_out += 1;
            return;
        }
        match Reference::new(written, base, kind, by, line) {
            None => {}
            Some(Err(Inline)) => self.inline += 1,
            Some(Ok(mut reference)) => {
                change(&mut reference);
                self.references.push(reference);
            }
        }
    }

    /// Adds what is resolved already.
    pub(crate) fn push(&mut self, reference: Reference) {
        if self.references.len() >= LIMIT {
            self.left_out += 1;
        } else {
            self.references.push(reference);
        }
    }

    /// Adds what was found in a part of the file.
    pub(crate) fn extend(&mut self, part: Found) {
        part.references.into_iter().for_each(|reference| self.push(reference));
        self.inline += part.inline;
        self.left_out += part.left_out;
        self.unread = self.unread.take().or(part.unread);
    }
}

/// Counts line feeds as a text is gone through from front to back.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    /// At the first of the text's lines, which is `first` of the file.
    pub(crate) fn new(text: &'a str, first: usize) -> Self {
        Self { text: text.as_bytes(), at: 0, line: first }
    }

    /// The line of an offset, which must not lie before the last one asked for.
    pub(crate) fn of(&mut self, offset: usize) -> usize {
        let to = offset.min(self.text.len());
        if to > self.at {
            self.line += self.text[self.at..to].iter().filter(|byte| **byte == b'\n').count();
            self.at = to;
        }
        self.line
    }
}
