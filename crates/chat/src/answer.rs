//! Answers, in JSON for programs and in HTML for people.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// What a page of ours may do that isn't the chat itself: nothing but be read.
pub(crate) const NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// An error for programs: `{"error":{"code":…,"message":…}}`. The code is for them to go by, the message for their users.
pub fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let text = json!({ "error": { "code": code, "message": message } }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// A page with a few words, and with a link where there is somewhere to go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page<'a> {
    pub(crate) status: StatusCode,
    pub(crate) title: &'a str,
    pub(crate) words: &'a str,
    /// Where to, and what the link says.
    pub(crate) link: Option<(&'a str, &'a str)>,
    /// Whether the page goes there by itself, after a moment.
    pub(crate) goes: bool,
}

impl Page<'_> {
    /// The page. Nothing in it is taken for markup.
    pub(crate) fn answer(&self) -> Response {
        let title = escape(self.title);
        let mut head = String::new();
        let mut body = format!("<h1>{title}</h1>\n<p>{}</p>\n", escape(self.words));
        if let Some((address, says)) = self.link {
            let address = escape(address);
            if self.goes {
                head = format!("<meta http-equiv=\"refresh\" content=\"2; url={address}\">\n");
            }
            body.push_str(&format!("<p><a href=\"{address}\">{}</a></p>\n", escape(says)));
        }
        let text = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n{head}<title>{title}</title>\n</head>\n\
             <body>\n<main>\n{body}</main>\n</body>\n</html>\n"
        );
        (self.status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
    }
}

/// Characters that mean something in HTML, as references.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// `303 See Other`: whatever the request was, the next one is a GET.
pub(crate) fn see_other(location: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(location) else {
        return error(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the next address can't be written");
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// The fields that every answer has, where its handler didn't say otherwise. Nothing that a person sees here belongs into a shared cache.
pub(crate) fn finish(answer: &mut Response) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, NOTHING),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not `no-referrer`: with it browsers say `Origin: null` when a form is sent.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_in_a_page_is_markup() {
        let link = Some(("/x\"><script>", "a<b"));
        let page = Page { status: StatusCode::OK, title: "<t>", words: "a & 'b'", link, goes: true };
        let body = axum::body::to_bytes(page.answer().into_body(), 10_000).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(!text.contains("<script>") && !text.contains("<t>") && text.contains("a &amp; &#39;b&#39;"), "{text}");
        assert!(text.contains("content=\"2; url=/x&quot;&gt;&lt;script&gt;\""), "{text}");
    }
}
