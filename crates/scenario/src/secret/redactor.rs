//! Hiding secrets in whatever is shown.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Secret;
use super::escapes;
use super::needle::Needle;
use super::needles::Needles;
use crate::text;

/// What stands in place of a secret.
const MASK: &str = "***";

/// How much may be hidden before the place at which a needle is found, in bytes: the base64 character that carries the
/// secret's first bits, which may stand there as a `%2B`.
const NEIGHBOUR: usize = 3;

/// What `application/x-www-form-urlencoded` leaves as it is (WHATWG URL, section 1.3); a space becomes `+`.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_').remove(b' ');

/// Hides secrets in every trace, report and error.
///
/// A secret is found as it is; with any of its characters escaped as in URLs (`%2F`, `%2f`, `+`), JSON, HTML or source
/// code, up to three times over; and in base64, standard or URL-safe, padded or not, wherever in the encoded text it
/// stands (as the password in `Basic` credentials does), also where line breaks or escapes are in the base64 text. In
/// base64 the secret is looked for as it is, as JSON writes it and as a form writes it (RFC 6749, section 2.3.1).
/// Whatever is found is replaced by `***`, overlapping finds as one.
///
/// Secrets shorter than [`Redactor::SHORT`] bytes are hidden only where no letter or digit adjoins, and not in base64:
/// a two-letter secret would hide half of every text and so tell what it is. An empty secret hides nothing.
///
/// Not found: a secret that was hashed, encrypted, compressed or encoded twice in base64, and a part of a secret. So
/// redact before you cut: [`Redactor::excerpt`] does.
#[derive(Clone, Default)]
pub struct Redactor {
    /// All that is looked for.
    needles: Needles,
}

impl Redactor {
    /// Secrets of fewer bytes than this are hidden only as whole words.
    pub const SHORT: usize = 4;

    /// A redactor that knows no secret.
    pub fn new() -> Self {
        Self::default()
    }

    /// Hides this secret from now on.
    pub fn add(&mut self, secret: &Secret) {
        let value = secret.expose();
        if value.is_empty() {
            return;
        }
        let whole_word = value.len() < Self::SHORT;
        self.needles.insert(Needle::plain(value, whole_word));
        if whole_word {
            return;
        }
        let form = utf8_percent_encode(value, FORM).to_string().replace(' ', "+");
        let percent = utf8_percent_encode(value, FORM).to_string().replace(' ', "%20");
        let json = serde_json::Value::from(value).to_string();
        let json = json.trim_start_matches('"').strip_suffix('"').unwrap_or_default();
        // Most secrets are of letters and digits, and all of these the same.
        let mut encoded = vec![value, &form, &percent, json];
        encoded.sort_unstable();
        encoded.dedup();
        for encoded in encoded {
            for needle in Needle::base64(encoded.as_bytes()) {
                self.needles.insert(needle);
            }
        }
    }

    /// Hides from now on what the other one hides. For several redactors that learn of the same secrets: what a secret can
    /// look like is found out once.
    pub fn learn(&mut self, other: &Self) {
        self.needles.extend(&other.needles);
    }

    /// The text without the secrets.
    pub fn redact<'text>(&self, text: &'text str) -> Cow<'text, str> {
        self.head(text, text.len())
    }

    /// The first `limit` bytes of the text (fewer, where that is within a character), without the secrets. One that begins
    /// there is hidden whole, so no first half of it is left; the rest of the text costs nothing.
    pub fn head<'text>(&self, text: &'text str, limit: usize) -> Cow<'text, str> {
        let limit = text.floor_char_boundary(limit);
        let mut out = String::new();
        let mut copied = 0;
        for range in self.find(text, limit + NEIGHBOUR).into_iter().filter(|range| range.start < limit) {
            out.push_str(&text[copied..range.start]);
            out.push_str(MASK);
            copied = range.end;
        }
        if copied == 0 {
            return Cow::Borrowed(&text[..limit]);
        }
        out.push_str(text.get(copied..limit).unwrap_or_default());
        Cow::Owned(out)
    }

    /// The beginning of the text, without the secrets and in one line: at most `limit` characters, then, where there is
    /// more, an ellipsis and the whole length.
    pub fn excerpt(&self, value: &str, limit: usize) -> String {
        let redacted = self.redact(value);
        match redacted.char_indices().nth(limit) {
            None => text::one_line(&redacted).into_owned(),
            Some((end, _)) => format!("{}… ({} in all)", text::one_line(&redacted[..end]), text::size(value.len())),
        }
    }

    /// Where secrets stand that begin before `until`: in order, not overlapping.
    fn find(&self, text: &str, until: usize) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for start in self.needles.candidates(text).take_while(|start| *start < until) {
            for (first, end) in escapes::readings(text, start) {
                found.extend(self.needles.starting_with(first).filter_map(|needle| needle.find(text, start, end)));
            }
        }
        if found.is_empty() {
            return found;
        }
        found.sort_by_key(|range| range.start);
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in found {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        merged
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Redactor(…)")
    }
}
