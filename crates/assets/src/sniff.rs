//! What a content is by its first bytes, and what media types stand for (WHATWG MIME Sniffing).

/// The media types of JavaScript (section 4.6).
const JAVASCRIPT: [&str; 16] = [
    "text/javascript",
    "application/javascript",
    "application/ecmascript",
    "application/x-ecmascript",
    "application/x-javascript",
    "text/ecmascript",
    "text/javascript1.0",
    "text/javascript1.1",
    "text/javascript1.2",
    "text/javascript1.3",
    "text/javascript1.4",
    "text/javascript1.5",
    "text/jscript",
    "text/livescript",
    "text/x-ecmascript",
    "text/x-javascript",
];

/// Whether a media type, in lower case, is one of JavaScript's.
pub(crate) fn is_javascript(media_type: &str) -> bool {
    JAVASCRIPT.contains(&media_type)
}

/// Whether a media type, in lower case, is one of JSON's.
pub(crate) fn is_json(media_type: &str) -> bool {
    matches!(media_type, "application/json" | "text/json") || media_type.ends_with("+json")
}

/// Whether a media type, in lower case, is that of a page.
pub(crate) fn is_html(media_type: &str) -> bool {
    matches!(media_type, "text/html" | "application/xhtml+xml")
}

/// Whether a media type says nothing about the content.
pub(crate) fn is_unspecific(media_type: &str) -> bool {
    matches!(media_type, "text/plain" | "application/octet-stream" | "binary/octet-stream" | "application/unknown")
}

/// What the first bytes of a content show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// A page, or a part of one.
    Html,
    /// An SVG image, or XML that may be one.
    Svg,
    /// A raster image.
    Image,
    /// A font.
    Font,
    /// None of these.
    Other,
}

/// Tells a content by its first bytes.
pub(crate) fn content(head: &[u8]) -> Content {
    let images: [&[u8]; 10] = [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"GIF87a",
        b"GIF89a",
        b"BM",
        b"\0\0\x01\0",
        b"\0\0\x02\0",
        b"\xff\x0a",
        b"\0\0\0\x0cJXL ",
        b"qoif",
    ];
    let is_riff = head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP");
    // AVIF and HEIC: a box of ISO media files (ISO/IEC 14496-12).
    let is_box = head.get(4..8) == Some(b"ftyp")
        && matches!(head.get(8..12), Some(b"avif" | b"avis" | b"heic" | b"heix" | b"mif1" | b"msf1"));
    if is_riff || is_box || images.iter().any(|magic| head.starts_with(magic)) {
        return Content::Image;
    }
    let fonts: [&[u8]; 6] = [b"wOFF", b"wOF2", b"\0\x01\0\0", b"OTTO", b"true", b"ttcf"];
    // Embedded OpenType has its sign behind three sizes.
    if fonts.iter().any(|magic| head.starts_with(magic)) || head.get(34..36) == Some(b"LP") {
        return Content::Font;
    }
    markup(head)
}

/// Tells pages from SVG and from what isn't markup.
fn markup(head: &[u8]) -> Content {
    let text = String::from_utf8_lossy(head);
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    // Comments and declarations may stand before the root.
    let mut is_xml = false;
    loop {
        let end = match rest {
            _ if rest.starts_with("<?") => {
                is_xml = true;
                rest.find("?>").map(|end| end + 2)
            }
            _ if rest.starts_with("<!--") => rest.find("-->").map(|end| end + 3),
            _ if starts(rest, "<!doctype svg") => return Content::Svg,
            _ => break,
        };
        match end {
            Some(end) => rest = rest[end..].trim_start(),
            // The head ends within it.
            None if is_xml => return Content::Svg,
            None => return Content::Other,
        }
    }
    let tags = [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<title",
        "<meta",
        "<script",
        "<h1",
        "<p",
        "<div",
        "<table",
        "<a ",
        "<style",
        "<font",
        "<br",
        "<iframe",
        "<center",
        "<pre",
    ];
    if tags.iter().any(|tag| starts(rest, tag)) {
        return Content::Html;
    }
    if starts(rest, "<svg") || (is_xml && rest.starts_with('<')) { Content::Svg } else { Content::Other }
}

fn starts(text: &str, with: &str) -> bool {
    text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_told_by_their_first_bytes() {
        for (head, wanted) in [
            (&b"\x89PNG\r\n\x1a\n..."[..], Content::Image),
            (b"RIFF\0\0\0\0WEBPVP8", Content::Image),
            (b"\0\0\0 ftypavif", Content::Image),
            (b"\0\0\x01\0\x01\0", Content::Image),
            (b"wOF2\0\x01\0\0", Content::Font),
            (b"\0\x01\0\0\0\x0f", Content::Font),
            (b" \r\n<!DOCTYPE HTML><html>", Content::Html),
            (b"<!-- a page --><p>", Content::Html),
            (b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- x --><svg>", Content::Svg),
            (b"<svg xmlns=", Content::Svg),
            (b"<!doctype svg PUBLIC", Content::Svg),
            (b"const a = 1 < 2", Content::Other),
            (b"<!--\nvar a\n//-->", Content::Other),
            (b"", Content::Other),
        ] {
            assert_eq!(content(head), wanted, "{}", String::from_utf8_lossy(head));
        }
    }
}
