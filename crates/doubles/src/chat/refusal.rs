//! The answer to somebody without a session.

use http::header::{ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode};
use serve::Body;

use super::defect::Defect;
use super::{State, answer, cookies};

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) method: Option<&'a Method>,
    /// As the client wrote it.
    pub(super) target: &'a str,
}

impl<'a> Asked<'a> {
    pub(super) fn directly(parts: &'a Parts) -> Self {
        Self { method: Some(&parts.method), target: parts.uri.path() }
    }

    /// 401, for a person as a page that leads to the login; a redirect there where the settings say so.
    pub(super) fn refuse(self, state: &State, headers: &HeaderMap) -> Response<Body> {
        let login = state.settings.url("/login");
        if state.has(Defect::RedirectsEveryRequest) {
            return answer::see_other(&login);
        }
        if !self.is_navigation(state, headers) {
            return answer::unauthenticated();
        }
        // To and fro would never end for a browser that doesn't send the session back.
        let lost = cookies::values(headers, cookies::DONE).next().is_some();
        if state.settings.gate_redirect && !lost && self.is_page(state) {
            return answer::see_other(&login);
        }
        let words = if lost {
            "You have just signed in, but your browser didn't send the chat's cookie back. Allow cookies for this site."
        } else {
            "This chat is for people who are signed in at the forge."
        };
        let link = Some((login.as_str(), "Sign in with the forge"));
        answer::challenge(answer::page(StatusCode::UNAUTHORIZED, "Sign in first", words, link, !lost))
    }

    /// Whether a person's browser is about to show what comes.
    fn is_navigation(self, state: &State, headers: &HeaderMap) -> bool {
        let is = |name: &str, value: &str| headers.get(name).map(|field| field == value);
        let document = is("sec-fetch-dest", "document");
        if state.has(Defect::GateByFetchDestAlone) {
            return document == Some(true);
        }
        let switches = headers.contains_key(UPGRADE) || headers.contains_key(SEC_WEBSOCKET_KEY);
        let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(wants_html);
        matches!(self.method, Some(&Method::GET | &Method::HEAD))
            && !switches
            && accepts
            // Browsers leave these out on plain http.
            && document.unwrap_or(true)
            && is("sec-fetch-mode", "navigate").unwrap_or(true)
    }

    /// Whether it is the page itself, written plainly.
    fn is_page(self, state: &State) -> bool {
        let path = self.target.split('?').next().unwrap_or_default();
        self.method == Some(&Method::GET)
            && (path == "/chat" || path == "/chat/" || path == "/" && state.settings.prefix().is_empty())
    }
}

/// Whether HTML is asked for by name, and not with a weight of nothing (RFC 9110, section 12.5.1).
fn wants_html(accept: &str) -> bool {
    accept.to_ascii_lowercase().split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_html = matches!(parts.next(), Some("text/html" | "application/xhtml+xml"));
        is_html && !parts.filter_map(|part| part.strip_prefix("q=")).any(|weight| weight.parse() == Ok(0.0_f32))
    })
}
