//! The tags of an HTML text (HTML standard, "Tokenization"), and the texts of scripts and styles.
//!
//! A tokenizer of our own: it knows the place of every attribute, and its time grows with the text alone, where html5ever's
//! grows with the square of a tag's attributes. A property test holds it to html5ever's.

use std::borrow::Cow;

use super::entities::decode;

/// Something that a text consists of, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// `<name …>`.
    Start(Tag<'a>),
    /// `</name>`; the name in lower case.
    End(String),
    /// What stands between the tags of an element that has no elements in it (`script`, `style`, `title` …).
    Raw {
        /// The text.
        text: &'a str,
        /// Where it begins.
        start: usize,
    },
}

/// A start tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// The name in lower case.
    pub(super) name: String,
    /// The attributes that were asked for, in order; of two with the same name the first.
    pub(super) attributes: Vec<Attribute<'a>>,
    /// It ends in `/>`.
    pub(super) is_self_closing: bool,
}

/// An attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute<'a> {
    /// The name in lower case.
    pub(super) name: String,
    /// The value, character references resolved.
    pub(super) value: Cow<'a, str>,
    /// Where the value, or the name of an attribute without one, begins.
    pub(super) start: usize,
}

impl Tag<'_> {
    /// The value of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attribute(name).map(|attribute| &*attribute.value)
    }

    /// An attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute<'_>> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

/// What follows an element's start tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    /// Up to the end tag.
    Raw,
    /// The same, but `<!--` hides an end tag behind another start tag.
    Script,
    /// Up to the end of the file.
    Plain,
}

/// Goes through a text tag by tag.
#[derive(Debug)]
pub(super) struct Tags<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Attributes that are of interest; a tag may have a million others.
    names: &'static [&'static str],
    /// The element whose text comes next.
    within: Option<(String, Text)>,
    /// How many `svg` and `math` elements are open: in those a tag can close itself.
    foreign: usize,
}

impl<'a> Tags<'a> {
    /// The tags of a text, with the attributes of these names.
    pub(super) fn new(text: &'a str, names: &'static [&'static str]) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, names, within: None, foreign: 0 }
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// Where the byte stands next, or the end.
    fn next_byte(&self, byte: u8, from: usize) -> usize {
        let from = from.min(self.bytes.len());
        self.bytes[from..].iter().position(|other| *other == byte).map_or(self.bytes.len(), |length| from + length)
    }

    /// Goes past `<!…`.
    fn skip_declaration(&mut self) {
        let rest = &self.bytes[self.at..];
        if self.foreign > 0 && rest.starts_with(b"<![CDATA[") {
            self.at = self.text[self.at..].find("]]>").map_or(self.bytes.len(), |length| self.at + length + 3);
            return;
        }
        if !rest.starts_with(b"<!--") {
            self.at = self.next_byte(b'>', self.at) + 1;
            return;
        }
        let begin = self.at + 4;
        // `<!-->` and `<!--->` are whole comments.
        if rest[4..].starts_with(b">") || rest[4..].starts_with(b"->") {
            self.at = self.next_byte(b'>', begin) + 1;
            return;
        }
        let mut from = begin;
        self.at = loop {
            let dashes = match self.text[from..].find("--") {
                Some(length) => from + length,
                None => break self.bytes.len(),
            };
            match (self.byte(dashes + 2), self.byte(dashes + 3)) {
                (b'>', _) => break dashes + 3,
                (b'!', b'>') => break dashes + 4,
                _ => from = dashes + 1,
            }
        };
    }

    /// The text of an element, whose end tag comes next.
    fn raw(&mut self, name: &str, kind: Text) -> Item<'a> {
        let start = self.at;
        let end = match kind {
            Text::Plain => self.bytes.len(),
            Text::Raw => self.end_tag(name, start),
            Text::Script => self.script_end(start),
        };
        self.at = end;
        Item::Raw { text: &self.text[start..end], start }
    }

    /// Where the next `</name` followed by white space, `/` or `>` stands.
    fn end_tag(&self, name: &str, from: usize) -> usize {
        let mut at = from;
        loop {
            at = self.next_byte(b'<', at);
            if at >= self.bytes.len() || (self.byte(at + 1) == b'/' && self.names_tag(at + 2, name)) {
                return at.min(self.bytes.len());
            }
            at += 1;
        }
    }

    /// Whether the tag name at an offset is this one, in whatever case.
    fn names_tag(&self, at: usize, name: &str) -> bool {
        let end = at + name.len();
        self.bytes.get(at..end).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
            && matches!(self.bytes.get(end), Some(b'\t' | b'\n' | b'\r' | 0x0c | b' ' | b'/' | b'>'))
    }

    /// The same for a script: from `<!--` with a `<script` behind it, up to `</script` or `-->`, an end tag is text
    /// ("script data double escaped state").
    fn script_end(&self, from: usize) -> usize {
        let (mut is_escaped, mut is_doubly) = (false, false);
        let mut at = from;
        while let Some(byte) = self.bytes.get(at).copied() {
            let rest = &self.bytes[at..];
            match byte {
                b'<' if !is_escaped && rest.starts_with(b"<!--") => {
                    is_escaped = true;
                    // The dashes of `<!-->` end what they begin.
                    at += 2;
                    continue;
                }
                b'<' if self.byte(at + 1) == b'/' && self.names_tag(at + 2, "script") => {
                    if !is_doubly {
                        return at;
                    }
                    is_doubly = false;
                }
                b'<' if is_escaped && self.names_tag(at + 1, "script") => is_doubly = true,
                b'-' if is_escaped && rest.starts_with(b"-->") => (is_escaped, is_doubly) = (false, false),
                _ => {}
            }
            at += 1;
        }
        self.bytes.len()
    }

    /// The tag whose name begins at `at`; `None` where the text ends within it.
    fn tag(&mut self, begin: usize) -> Option<Tag<'a>> {
        let mut at = begin;
        while at < self.bytes.len() && !is_space(self.bytes[at]) && !matches!(self.bytes[at], b'/' | b'>') {
            at += 1;
        }
        let name = lower(&self.text[begin..at]);
        let mut tag = Tag { name, attributes: Vec::new(), is_self_closing: false };
        loop {
            while is_space(self.byte(at)) {
                at += 1;
            }
            match self.bytes.get(at).copied()? {
                b'>' => {
                    self.at = at + 1;
                    return Some(tag);
                }
                b'/' if self.byte(at + 1) == b'>' => {
                    tag.is_self_closing = true;
                    at += 1;
                }
                b'/' => at += 1,
                _ => at = self.attribute(at, &mut tag)?,
            }
        }
    }

    /// Reads an attribute; where it ends, or `None` where the text ends within it.
    fn attribute(&self, begin: usize, tag: &mut Tag<'a>) -> Option<usize> {
        // A `=` at the beginning is part of the name.
        let mut at = begin + 1;
        while at < self.bytes.len() && !is_space(self.bytes[at]) && !matches!(self.bytes[at], b'/' | b'>' | b'=') {
            at += 1;
        }
        let name = &self.bytes[begin..at];
        let mut value = (begin, begin);
        let mut next = at;
        while is_space(self.byte(next)) {
            next += 1;
        }
        if self.byte(next) == b'=' {
            next += 1;
            while is_space(self.byte(next)) {
                next += 1;
            }
            (value, at) = match self.bytes.get(next).copied()? {
                quote @ (b'"' | b'\'') => {
                    let end = self.next_byte(quote, next + 1);
                    self.bytes.get(end)?;
                    ((next + 1, end), end + 1)
                }
                b'>' => ((next, next), next),
                _ => {
                    let mut end = next;
                    while end < self.bytes.len() && !is_space(self.bytes[end]) && self.bytes[end] != b'>' {
                        end += 1;
                    }
                    ((next, end), end)
                }
            };
        }
        let wanted = self.names.iter().find(|wanted| wanted.as_bytes().eq_ignore_ascii_case(name));
        if let Some(wanted) = wanted
            && !tag.attributes.iter().any(|attribute| attribute.name == **wanted)
        {
            let text = &self.text[value.0..value.1];
            tag.attributes.push(Attribute { name: (*wanted).to_owned(), value: decode(text), start: value.0 });
        }
        Some(at)
    }

    fn opened(&mut self, tag: &Tag<'_>) {
        let is_foreign = matches!(tag.name.as_str(), "svg" | "math");
        self.foreign += usize::from(is_foreign && !tag.is_self_closing);
        if self.foreign > 0 && tag.is_self_closing {
            return;
        }
        let kind = match tag.name.as_str() {
            "script" => Text::Script,
            // Where scripts run, `noscript` is text.
            "style" | "xmp" | "iframe" | "noembed" | "noframes" | "noscript" | "textarea" | "title" => Text::Raw,
            "plaintext" => Text::Plain,
            _ => return,
        };
        self.within = Some((tag.name.clone(), kind));
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        if let Some((name, kind)) = self.within.take() {
            return Some(self.raw(&name, kind));
        }
        loop {
            self.at = self.next_byte(b'<', self.at);
            match self.bytes.get(self.at + 1).copied()? {
                b'!' => self.skip_declaration(),
                b'?' => self.at = self.next_byte(b'>', self.at) + 1,
                b'/' if self.byte(self.at + 2).is_ascii_alphabetic() => {
                    let tag = self.tag(self.at + 2)?;
                    self.foreign -= usize::from(self.foreign > 0 && matches!(tag.name.as_str(), "svg" | "math"));
                    return Some(Item::End(tag.name));
                }
                b'/' => match self.bytes.get(self.at + 2)? {
                    b'>' => self.at += 3,
                    _ => self.at = self.next_byte(b'>', self.at) + 1,
                },
                byte if byte.is_ascii_alphabetic() => {
                    let tag = self.tag(self.at + 1)?;
                    self.opened(&tag);
                    return Some(Item::Start(tag));
                }
                _ => self.at += 1,
            }
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | b' ')
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase().replace('\0', "\u{fffd}")
}
