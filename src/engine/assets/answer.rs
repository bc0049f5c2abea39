//! From a response to what is kept of it: facts to be judged, and what it refers to in turn.

use assets::check::Answer;
use assets::javascript::{self, ImportMap};
use assets::{Found, Kind, css, manifest};
use url::Url;

use super::book::{Content, Entry};
use crate::engine::content;
use crate::engine::http::Received;
use crate::engine::http::client::Reading;

/// How much of a text is read, in bytes: scripts and stylesheets must be read whole to see what they refer to.
const TEXT: usize = 8 * 1024 * 1024;
/// How much of anything else is read, in bytes: enough to see one that is cut off, save for the very large.
const OTHER: usize = 1024 * 1024;
/// How much of the beginning tells what a content is.
const HEAD: usize = 1024;

/// How much of a response is read, by what it says that it is.
pub(super) fn reading(headers: &http::HeaderMap) -> Reading {
    let media_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.to_ascii_lowercase();
    let is_text = ["javascript", "ecmascript", "css", "json", "manifest"].iter().any(|word| media_type.contains(word));
    // A script may go by any of these.
    let is_unknown =
        matches!(media_type.split(';').next(), None | Some("" | "text/plain" | "application/octet-stream"));
    let read = if is_text || is_unknown { TEXT } else { OTHER };
    Reading { keep: if is_text || is_unknown { TEXT } else { HEAD }, read, is_whole: false }
}

/// What is kept of a response.
pub(super) fn facts(received: &Received, entry: &Entry) -> Answer {
    let nosniff = received.header("x-content-type-options");
    let encoding = received.header("content-encoding");
    let is_json_wanted = entry.uses.iter().any(|known| matches!(known.kind, Kind::JsonModule | Kind::Manifest));
    let is_json = || serde_json::from_slice::<serde::de::IgnoredAny>(without_mark(&received.body)).is_ok();
    Answer {
        status: received.status,
        media_type: content::media_type(received).filter(|media_type| !media_type.is_empty()),
        nosniff: nosniff
            .is_some_and(|value| value.split(',').next().unwrap_or_default().trim().eq_ignore_ascii_case("nosniff")),
        is_encoded: encoding.is_some_and(|value| !value.trim().eq_ignore_ascii_case("identity") && !value.is_empty()),
        bytes: received.length,
        head: received.body[..received.body.len().min(HEAD)].to_vec(),
        is_json: is_json_wanted.then(is_json),
    }
}

fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// What a content refers to, and as what it was read; `url` is where it came from. Nothing where it isn't what it should
/// be.
pub(super) fn references(
    received: &Received,
    answer: &Answer,
    entry: &Entry,
    url: &Url,
    map: &ImportMap,
) -> (Content, Found) {
    if answer.is_encoded || !(200..=299).contains(&answer.status) {
        return (Content::Unread, Found::default());
    }
    let is = |kind: Kind| entry.uses.iter().any(|known| known.kind == kind);
    let fits = |kind: Kind| is(kind) && assets::check::check(kind, answer).is_ok();
    let media_type = answer.media_type.as_deref().unwrap_or_default();
    // By its type alone where nothing says yet what it is for (`prefetch`).
    let is_style = fits(Kind::Style) || media_type == "text/css";
    let is_script = fits(Kind::Module) || fits(Kind::Script) || media_type.ends_with("/javascript");
    let text = String::from_utf8_lossy(without_mark(&received.body));
    if is_style {
        (Content::Style, css::stylesheet(&text, url, 1))
    } else if is_script {
        (Content::Script, javascript::references(&text, url, map, 1))
    } else if is(Kind::Manifest) {
        (Content::Manifest, manifest::manifest(&text, url))
    } else {
        (Content::Unread, Found::default())
    }
}

/// Why something that is there couldn't be looked into as far as it should.
pub(super) fn unread(received: &Received, answer: &Answer, found: &Found, entry: &Entry) -> Option<String> {
    let is_read = entry.uses.iter().any(|known| known.kind.is_read());
    if answer.is_encoded && is_read {
        return Some("compressed although nobody asked for it: what it refers to isn't checked".to_owned());
    }
    if is_read && answer.bytes > received.body.len() as u64 && received.incomplete.is_none() {
        return Some(format!("only its first {} MiB were read", TEXT / 1024 / 1024));
    }
    found.unread.as_ref().map(|unread| {
        format!(
            "not read to its end, as {} (line {}): what it imports counts as not essential",
            unread.reason, unread.line
        )
    })
}
