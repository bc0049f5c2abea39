//! Comparing answers.

use crate::evidence::ResponseRecord;

/// What tells an answer from others: its status, its media type and its content, as far as it was kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Print {
    /// The status code.
    pub(crate) status: u16,
    /// The media type, without parameters.
    pub(crate) media_type: String,
    /// The beginning of the content; long runs of letters and digits, which may be tokens, and all digits left out.
    pub(crate) content: String,
}

impl Print {
    /// `None` where there is nothing to tell by: no content, or none that is text.
    pub(crate) fn of(response: &ResponseRecord) -> Option<Self> {
        let excerpt = response.body_excerpt.as_deref().filter(|text| text.trim().len() >= 8)?;
        Some(Self { status: response.status, media_type: media_type(response), content: without_chance(excerpt) })
    }
}

/// A success without content and without a media type: what Caddy answers where no route matches. An answer whose header
/// section wasn't kept shows nothing.
pub(crate) fn is_empty_ok(response: &ResponseRecord) -> bool {
    let is_empty = response.body_bytes == 0 && response.header("content-type").is_none();
    response.status == 200 && is_empty && !response.headers.is_empty()
}

/// The answer is a page.
pub(crate) fn is_html(response: &ResponseRecord) -> bool {
    media_type(response) == "text/html"
}

/// The media type, without parameters and in lower case.
pub(crate) fn media_type(response: &ResponseRecord) -> String {
    let value = response.header("content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The text without what differs from one answer to the next: numbers, tokens.
pub(crate) fn without_chance(text: &str) -> String {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '%');
    let mut kept = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        kept.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
        let word = &rest[..end];
        if word.len() < 20 || !word.bytes().any(|byte| byte.is_ascii_digit()) {
            kept.extend(word.chars().filter(|letter| !letter.is_ascii_digit()));
        }
        rest = &rest[end..];
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, media_type: Option<&str>, text: &str) -> ResponseRecord {
        ResponseRecord {
            status,
            headers: media_type.iter().map(|value| ("Content-Type".to_owned(), (*value).to_owned())).collect(),
            set_cookies: Vec::new(),
            body_bytes: text.len() as u64,
            body_excerpt: Some(text.to_owned()),
            arrival: None,
        }
    }

    #[test]
    fn chance_makes_no_difference_and_words_do() {
        let one = Print::of(&response(
            200,
            Some("text/html; charset=utf-8"),
            "<p>took 12 ms, token a1b2c3d4e5f6a1b2c3d4</p>",
        ));
        let other = Print::of(&response(200, Some("text/HTML"), "<p>took 7 ms, token ffffffffffffffff0000</p>"));
        assert_eq!(one, other);
        assert_ne!(one, Print::of(&response(404, Some("text/html"), "<p>took 7 ms, token ffffffffffffffff0000</p>")));
        assert_ne!(one, Print::of(&response(200, Some("text/html"), "<p>another page altogether</p>")));
        assert_eq!(Print::of(&response(200, None, "")), None);
    }

    #[test]
    fn an_empty_success_says_nothing() {
        let empty = |name: &str, value: &str| ResponseRecord {
            headers: vec![(name.to_owned(), value.to_owned())],
            ..response(200, None, "")
        };
        assert!(is_empty_ok(&empty("Server", "Caddy")));
        assert!(!is_empty_ok(&empty("Content-Type", "text/css")));
        assert!(!is_empty_ok(&ResponseRecord { status: 204, ..empty("Server", "Caddy") }));
        assert!(!is_empty_ok(&ResponseRecord { body_bytes: 1, ..empty("Server", "Caddy") }));
        assert!(!is_empty_ok(&response(200, None, "")));
    }
}
