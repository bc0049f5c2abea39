//! The answer to somebody without a session.

use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::answer::{self, Page};
use crate::config::{Config, PREFIX, Public};
use crate::{cookies, sign_in};

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked<'a> {
    /// With which method; nothing where it isn't known.
    pub(crate) method: Option<&'a Method>,
    /// The request target, as the client wrote it.
    pub(crate) target: &'a str,
}

/// 401 for a program.
pub(crate) fn unauthenticated() -> Response {
    challenge(answer::error(
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
        "nobody is signed in; sign in at the chat's login",
    ))
}

/// RFC 9110, section 15.5.2, wants a challenge with each 401. No browser opens a dialogue for this scheme.
fn challenge(mut answer: Response) -> Response {
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Cookie realm=\"chat\""));
    answer
}

impl<'a> Asked<'a> {
    /// What a request asks for that came here itself.
    pub(crate) fn directly(parts: &'a Parts) -> Self {
        Self { method: Some(&parts.method), target: parts.uri.path() }
    }

    /// 401, for a person as a page that leads to the login. Where the settings say so, a person's navigation is sent there at once.
    pub(crate) fn refuse(self, config: &Config, headers: &HeaderMap) -> Response {
        if !self.is_navigation(headers) {
            return unauthenticated();
        }
        let login = config.public.url("/login");
        // Who was signed in a moment ago and is nobody now has a browser that doesn't send the session. To and fro would never end.
        let lost = cookies::values(headers, sign_in::DONE_COOKIE).next().is_some();
        if config.gate_redirect && !lost && self.is_page(&config.public) {
            return answer::see_other(&login);
        }
        let words = if lost {
            "You have just signed in, but your browser didn't send the chat's cookie back. Allow cookies for this site; \
             if they are allowed, the chat's public address and the one in your address bar differ (http and https, perhaps)."
        } else {
            "This chat is for people who are signed in at the forge."
        };
        let page = Page {
            status: StatusCode::UNAUTHORIZED,
            title: "Sign in first",
            words,
            link: Some((&login, "Sign in with the forge")),
            goes: !lost,
        };
        challenge(page.answer())
    }

    /// Whether a person's browser is about to show what comes. Fetch metadata tells, where there is any: browsers leave it out on plain
    /// http, and there `Accept` has to do.
    fn is_navigation(self, headers: &HeaderMap) -> bool {
        let field = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let reads = self.method.is_some_and(|method| method == Method::GET || method == Method::HEAD);
        let switches = headers.contains_key(header::UPGRADE) || headers.contains_key("sec-websocket-key");
        let mode = field("sec-fetch-mode").is_none_or(|mode| mode == "navigate");
        let destination = field("sec-fetch-dest").is_none_or(|destination| destination == "document");
        reads && !switches && mode && destination && field("accept").is_some_and(prefers_html)
    }

    /// Whether the target is a page that a person opens, written plainly: never the socket, an action, history, or a trick.
    fn is_page(self, public: &Public) -> bool {
        let path = self.target.split_once('?').map_or(self.target, |(path, _)| path);
        let at_root = public.prefix().is_empty() && path == "/";
        self.method == Some(&Method::GET)
            && (at_root || path.strip_prefix(PREFIX).is_some_and(|rest| rest == "/" || rest.is_empty()))
    }
}

/// Whether HTML is asked for by name. `*/*` is what programs send.
fn prefers_html(accept: &str) -> bool {
    accept.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let html = parts.next().is_some_and(|kind| {
            kind.eq_ignore_ascii_case("text/html") || kind.eq_ignore_ascii_case("application/xhtml+xml")
        });
        // A weight of nothing is a refusal (RFC 9110, section 12.4.2).
        html && !parts
            .any(|part| part.to_ascii_lowercase().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32)))
    })
}
