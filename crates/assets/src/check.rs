//! Is what came what the reference needs? As strict as browsers, and where they don't mind, as strict as a careful reader.

use crate::Kind;
use crate::sniff::{self, Content};

/// What is kept of an answer, so that it can be held against every kind that it is asked for as.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The media type without parameters, in lower case; `None` without a `Content-Type`.
    pub media_type: Option<String>,
    /// `X-Content-Type-Options: nosniff` was sent.
    pub nosniff: bool,
    /// The content is compressed, which nobody asked for: it can't be looked into.
    pub is_encoded: bool,
    /// The content's size in bytes.
    pub bytes: u64,
    /// How the content begins; some hundred bytes are enough.
    pub head: Vec<u8>,
    /// Whether the content is JSON; `None` where nobody looked.
    pub is_json: Option<bool>,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of trouble it is.
    pub sort: Sort,
    /// What came, in a clause.
    pub found: String,
}

/// Sorts of trouble with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// The status isn't one of success.
    Status,
    /// There is no content, and there must be.
    Empty,
    /// The media type is another's, or is missing where browsers insist on it.
    MediaType,
    /// The content is not what its media type says.
    Content,
}

fn fault(sort: Sort, found: impl Into<String>) -> Result<(), Fault> {
    Err(Fault { sort, found: found.into() })
}

/// Holds an answer against what a reference is loaded as.
///
/// # Errors
/// [`Fault`]: what is wrong, the plainest first.
pub fn check(kind: Kind, answer: &Answer) -> Result<(), Fault> {
    if !(200..=299).contains(&answer.status) {
        return fault(Sort::Status, format!("status {}", answer.status));
    }
    if answer.bytes == 0 {
        return empty(kind, answer);
    }
    let media_type = answer.media_type.as_deref();
    let content = if answer.is_encoded { Content::Other } else { sniff::content(&answer.head) };
    match kind {
        Kind::Script => script(answer, media_type, content),
        Kind::Module => match media_type {
            Some(media_type) if sniff::is_javascript(media_type) || media_type == "application/wasm" => code(content),
            _ => wrong_type(answer, "browsers take a module as JavaScript alone"),
        },
        Kind::Style => match media_type {
            Some("text/css") => code(content),
            // Without a type browsers go by the element, unless they were told not to.
            None if !answer.nosniff => code(content),
            _ => wrong_type(answer, "browsers take a stylesheet as text/css alone"),
        },
        Kind::JsonModule | Kind::Manifest => json(kind, answer, media_type),
        Kind::Image | Kind::Icon => image(answer, media_type, content),
        Kind::Font => font(answer, media_type, content),
        Kind::Media | Kind::Track => match media_type {
            Some(media_type) if sniff::is_html(media_type) => wrong_type(answer, "a page in its place"),
            _ if content == Content::Html => fault(Sort::Content, "a page in its place"),
            _ => Ok(()),
        },
        Kind::Frame | Kind::Data => Ok(()),
    }
}

/// No content. A script or stylesheet may well be empty, where it says that it is one.
fn empty(kind: Kind, answer: &Answer) -> Result<(), Fault> {
    let says_so = match (kind, answer.media_type.as_deref()) {
        (Kind::Script | Kind::Module, Some(media_type)) => sniff::is_javascript(media_type),
        (Kind::Style, Some(media_type)) => media_type == "text/css",
        _ => false,
    };
    match (says_so && answer.status == 200, &answer.media_type) {
        (true, _) => Ok(()),
        (false, None) => fault(Sort::Empty, format!("status {} with no content and no Content-Type", answer.status)),
        (false, Some(media_type)) => {
            fault(Sort::Empty, format!("status {} with no content, as {media_type}", answer.status))
        }
    }
}

/// Classic scripts run under nearly any type (Fetch standard, "should response to request be blocked due to its MIME
/// type"); but a page is none.
fn script(answer: &Answer, media_type: Option<&str>, content: Content) -> Result<(), Fault> {
    match media_type {
        Some(media_type) if sniff::is_javascript(media_type) => code(content),
        _ if answer.nosniff => wrong_type(answer, "with nosniff browsers take a script as JavaScript alone"),
        Some(media_type) if !sniff::is_unspecific(media_type) => wrong_type(answer, "that is no JavaScript"),
        _ => code(content),
    }
}

/// Code that begins as a page does is a page.
fn code(content: Content) -> Result<(), Fault> {
    match content {
        Content::Html => fault(Sort::Content, "the content is a page"),
        Content::Image | Content::Font | Content::Svg | Content::Other => Ok(()),
    }
}

fn json(kind: Kind, answer: &Answer, media_type: Option<&str>) -> Result<(), Fault> {
    match (media_type, answer.is_json) {
        (Some(media_type), _) if sniff::is_html(media_type) => wrong_type(answer, "a page in its place"),
        // Of a manifest browsers don't mind the type.
        (Some(media_type), _) if kind == Kind::JsonModule && !sniff::is_json(media_type) => {
            wrong_type(answer, "browsers take it as JSON alone")
        }
        (None, _) if kind == Kind::JsonModule => wrong_type(answer, "browsers take it as JSON alone"),
        (_, Some(false)) if !answer.is_encoded => fault(Sort::Content, "the content is not JSON"),
        _ => Ok(()),
    }
}

/// Browsers go by the content of an image, except for SVG, which they know by its type alone.
fn image(answer: &Answer, media_type: Option<&str>, content: Content) -> Result<(), Fault> {
    match (media_type, content) {
        (Some(media_type), _) if sniff::is_html(media_type) => wrong_type(answer, "a page in its place"),
        (Some("image/svg+xml"), Content::Svg) => Ok(()),
        (_, Content::Html) => fault(Sort::Content, "the content is a page"),
        (_, Content::Svg) => wrong_type(answer, "browsers show SVG as image/svg+xml alone"),
        (Some("image/svg+xml"), _) if !answer.is_encoded => fault(Sort::Content, "the content is not SVG"),
        (Some(media_type), Content::Other) if media_type.starts_with("image/") => match is_known(media_type) {
            true if !answer.is_encoded => fault(Sort::Content, format!("the content is not {media_type}")),
            _ => Ok(()),
        },
        (Some(media_type), _) if !media_type.starts_with("image/") && !sniff::is_unspecific(media_type) => {
            wrong_type(answer, "that is no image")
        }
        (_, Content::Image) => Ok(()),
        (_, Content::Font) => fault(Sort::Content, "the content is a font"),
        (_, Content::Other) if answer.is_encoded => Ok(()),
        (_, Content::Other) => fault(Sort::Content, "the content is no image that browsers know"),
    }
}

/// Types of images whose first bytes we know.
fn is_known(media_type: &str) -> bool {
    const KNOWN: [&str; 9] = [
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "image/bmp",
        "image/x-icon",
        "image/vnd.microsoft.icon",
        "image/jxl",
    ];
    KNOWN.contains(&media_type)
}

/// Browsers go by the content of a font alone.
fn font(answer: &Answer, media_type: Option<&str>, content: Content) -> Result<(), Fault> {
    match (media_type, content) {
        (Some(media_type), _) if sniff::is_html(media_type) => wrong_type(answer, "a page in its place"),
        (_, Content::Font) => Ok(()),
        (_, Content::Html) => fault(Sort::Content, "the content is a page"),
        // A font in SVG, which browsers of today don't load.
        (Some("image/svg+xml"), Content::Svg) => Ok(()),
        _ if answer.is_encoded => Ok(()),
        _ => fault(Sort::Content, "the content is no font that browsers know"),
    }
}

fn wrong_type(answer: &Answer, why: &str) -> Result<(), Fault> {
    let nosniff = if answer.nosniff { ", nosniff" } else { "" };
    match &answer.media_type {
        Some(media_type) => fault(Sort::MediaType, format!("{media_type}{nosniff}: {why}")),
        None => fault(Sort::MediaType, format!("no Content-Type{nosniff}: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
    const PAGE: &[u8] = b"<!doctype html><title>Woodpecker</title>";

    fn answer(media_type: &str, head: &[u8]) -> Answer {
        let media_type = (!media_type.is_empty()).then(|| media_type.to_owned());
        Answer { status: 200, media_type, bytes: head.len() as u64, head: head.to_vec(), ..Answer::default() }
    }

    fn said(kind: Kind, answer: &Answer) -> String {
        check(kind, answer).err().map(|fault| format!("{:?}: {}", fault.sort, fault.found)).unwrap_or_default()
    }

    #[test]
    fn what_is_well_is_well() {
        for (kind, media_type, head) in [
            (Kind::Script, "text/javascript", &b"let a = 1"[..]),
            (Kind::Script, "application/x-javascript", b"<!-- old --> a()"),
            (Kind::Script, "text/plain", b"let a"),
            (Kind::Script, "", b"let a"),
            (Kind::Script, "text/javascript", b""),
            (Kind::Module, "application/javascript", b"export {}"),
            (Kind::Module, "text/javascript", b""),
            (Kind::Style, "text/css", b""),
            (Kind::Style, "", b"a{}"),
            (Kind::Image, "image/png", PNG),
            (Kind::Image, "image/jpeg", PNG),
            (Kind::Image, "application/octet-stream", PNG),
            (Kind::Image, "", PNG),
            (Kind::Image, "image/svg+xml", b"<?xml version='1.0'?><svg/>"),
            (Kind::Image, "image/x-unheard-of", b"abc"),
            (Kind::Icon, "image/vnd.microsoft.icon", b"\0\0\x01\0"),
            (Kind::Font, "application/octet-stream", b"wOF2"),
            (Kind::Frame, "application/pdf", b"%PDF"),
            (Kind::Media, "video/mp4", b"\0\0\0\x18ftypisom"),
            (Kind::Data, "text/html", PAGE),
        ] {
            assert_eq!(said(kind, &answer(media_type, head)), "", "{kind:?} {media_type}");
        }
    }

    #[test]
    fn what_is_something_else_is_named() {
        for (kind, media_type, head, wanted) in [
            (Kind::Script, "text/html", PAGE, "MediaType: text/html: that is no JavaScript"),
            (Kind::Script, "text/javascript", PAGE, "Content: the content is a page"),
            (Kind::Script, "", PAGE, "Content: the content is a page"),
            (Kind::Script, "", b"", "Empty: status 200 with no content and no Content-Type"),
            (Kind::Script, "text/html", b"", "Empty: status 200 with no content, as text/html"),
            (Kind::Module, "text/plain", b"a", "MediaType: text/plain: browsers take a module as JavaScript alone"),
            (Kind::Module, "", b"a", "MediaType: no Content-Type: browsers take a module as JavaScript alone"),
            (Kind::Style, "text/plain", b"a{}", "MediaType: text/plain: browsers take a stylesheet as text/css alone"),
            (Kind::Style, "text/css", PAGE, "Content: the content is a page"),
            (Kind::Image, "text/html", PAGE, "MediaType: text/html: a page in its place"),
            (Kind::Image, "text/html", PNG, "MediaType: text/html: a page in its place"),
            (Kind::Image, "image/png", PAGE, "Content: the content is a page"),
            (Kind::Image, "image/png", b"abc", "Content: the content is not image/png"),
            (Kind::Image, "image/png", b"", "Empty: status 200 with no content, as image/png"),
            (Kind::Image, "text/xml", b"<svg>", "MediaType: text/xml: browsers show SVG as image/svg+xml alone"),
            (Kind::Image, "text/javascript", PNG, "MediaType: text/javascript: that is no image"),
            (Kind::Font, "font/woff2", PAGE, "Content: the content is a page"),
            (Kind::Font, "font/woff2", b"abc", "Content: the content is no font that browsers know"),
            (Kind::JsonModule, "text/plain", b"{}", "MediaType: text/plain: browsers take it as JSON alone"),
            (Kind::Media, "text/html", PAGE, "MediaType: text/html: a page in its place"),
        ] {
            assert_eq!(said(kind, &answer(media_type, head)), wanted, "{kind:?} {media_type}");
        }
        let gone = Answer { status: 404, ..answer("text/javascript", b"x") };
        assert_eq!(said(Kind::Script, &gone), "Status: status 404");
        let no_content = Answer { status: 204, ..answer("text/javascript", b"") };
        assert_eq!(said(Kind::Script, &no_content), "Empty: status 204 with no content, as text/javascript");
        let manifest = Answer { is_json: Some(false), ..answer("application/json", b"{") };
        assert_eq!(said(Kind::Manifest, &manifest), "Content: the content is not JSON");
    }

    #[test]
    fn nosniff_is_meant() {
        for (kind, media_type, wanted) in [
            (
                Kind::Script,
                "text/plain",
                "MediaType: text/plain, nosniff: with nosniff browsers take a script as JavaScript alone",
            ),
            (
                Kind::Script,
                "",
                "MediaType: no Content-Type, nosniff: with nosniff browsers take a script as JavaScript alone",
            ),
            (Kind::Style, "", "MediaType: no Content-Type, nosniff: browsers take a stylesheet as text/css alone"),
            (Kind::Script, "text/javascript", ""),
            (Kind::Style, "text/css", ""),
        ] {
            let answer = Answer { nosniff: true, ..answer(media_type, b"a") };
            assert_eq!(said(kind, &answer), wanted);
        }
    }

    #[test]
    fn of_compressed_content_only_the_type_counts() {
        let image = Answer { is_encoded: true, ..answer("image/png", b"\x1f\x8b\x08") };
        assert_eq!(said(Kind::Image, &image), "");
        let page = Answer { is_encoded: true, ..answer("text/html", b"\x1f\x8b\x08") };
        assert_eq!(said(Kind::Module, &page), "MediaType: text/html: browsers take a module as JavaScript alone");
    }
}
