//! Content codings (RFC 9110, section 8.4.1), so that a pattern sees what a browser sees.

use std::io::{self, Read};

use flate2::read::{GzDecoder, ZlibDecoder};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use http::{HeaderMap, HeaderValue};

/// The codings that can be read here.
const KNOWN: [&str; 4] = ["gzip", "x-gzip", "deflate", "identity"];

/// Lets a service answer only in codings that can be read here.
pub(super) fn accept_known(headers: &mut HeaderMap) {
    let offered: Vec<String> = headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|element| {
            let coding = element.split(';').next().unwrap_or_default().trim();
            KNOWN.iter().any(|known| known.eq_ignore_ascii_case(coding))
        })
        .map(str::to_owned)
        .collect();
    if !headers.contains_key(ACCEPT_ENCODING) {
        return;
    }
    let offered = if offered.is_empty() { "identity".to_owned() } else { offered.join(", ") };
    if let Ok(value) = HeaderValue::from_str(&offered) {
        headers.insert(ACCEPT_ENCODING, value);
    }
}

/// The content without its codings; `None` where it has one that isn't known, is broken, or becomes larger than `limit`.
pub(super) fn decoded(headers: &HeaderMap, content: Vec<u8>, limit: usize) -> Option<Vec<u8>> {
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        codings.extend(value.to_str().ok()?.split(',').map(|coding| coding.trim().to_ascii_lowercase()));
    }
    // The last one was applied last.
    codings.iter().rev().try_fold(content, |content, coding| match coding.as_str() {
        "" | "identity" => Some(content),
        "gzip" | "x-gzip" => read(GzDecoder::new(content.as_slice()), limit).ok(),
        "deflate" => read(ZlibDecoder::new(content.as_slice()), limit).ok(),
        _ => None,
    })
}

fn read(decoder: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let length = decoder.take(limit as u64 + 1).read_to_end(&mut out)?;
    if length > limit { Err(io::ErrorKind::OutOfMemory.into()) } else { Ok(out) }
}
