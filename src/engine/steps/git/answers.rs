//! What came, where an answer in git's own words should have come.

use bytes::Bytes;
use scenario::Diagnostic;
use verdict::evidence::FailureKind;

use super::super::Acting;
use super::remote::Remote;
use crate::engine::content;
use crate::engine::expect::describe_hop;
use crate::engine::http::Received;
use crate::engine::problem::Problem;

/// How much of an answer is shown, in characters.
const SHOWN: usize = 120;

/// The content of the last answer, if it is one of git's.
pub(super) fn content(remote: &Remote, media_type: &str, acting: &Acting<'_>) -> Result<Bytes, Problem> {
    let Some(page) = &acting.visitor.page else { return Err(problem(remote, "nothing came", acting)) };
    let response = &page.response;
    let found = content::media_type(response);
    if response.status == 200 && found.as_deref() == Some(media_type) {
        return Ok(response.body.clone());
    }
    let (message, help) = judge(remote, response, found.as_deref());
    let mut problem = problem(remote, message, acting);
    let diagnostic = problem.diagnostic.expected(format!("200 with `{media_type}`")).found(describe(response));
    problem.diagnostic = match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    };
    Err(problem)
}

/// An answer of git's own that can't be understood, or says something else.
pub(super) fn broken(remote: &Remote, message: &str, why: &str, acting: &Acting<'_>) -> Problem {
    let mut problem = problem(remote, message, acting);
    problem.diagnostic = problem.diagnostic.found(why);
    problem
}

fn problem(remote: &Remote, message: &str, acting: &Acting<'_>) -> Problem {
    let last = acting.visitor.hops.last().map(describe_hop).unwrap_or_default();
    let diagnostic: Diagnostic = acting.diagnostic(remote.span, message).label(last);
    Problem { kind: FailureKind::Expectation, diagnostic }
}

/// What an answer means that isn't git's, and what to do.
fn judge(remote: &Remote, response: &Received, media_type: Option<&str>) -> (&'static str, Option<String>) {
    match (response.status, media_type) {
        (401, _) if remote.is_signed_in() => (
            "the credentials were refused",
            Some("check user and password; an edge that asks for a password of its own, or drops `Authorization`, answers so too".to_owned()),
        ),
        (401, _) => (
            "the repository asks who you are",
            Some("give it `basic_auth: { user: …, password: \"${password}\" }`".to_owned()),
        ),
        (403, _) => ("the request is forbidden", Some("may this user do this here? An edge that blocks the path answers so too".to_owned())),
        (404, _) => (
            "there is no such repository",
            Some("check the address; where the prefix is lost or kept on the way, the service answers with its own 404".to_owned()),
        ),
        (413, _) => (
            "the push is too large for somebody on the way",
            Some("raise the largest content that the edge lets through: `request_body { max_size … }` in Caddy, `client_max_body_size` in nginx".to_owned()),
        ),
        (300..=399, _) => (
            "the request is sent elsewhere",
            Some("a sign-in page that the edge puts before git's addresses keeps git out: git can't fill in forms".to_owned()),
        ),
        (502..=504, _) => ("the edge has no answer from the service", None),
        (200, None) if response.body.is_empty() => (
            "an empty answer came in the repository's place",
            Some("200 with no content and no Content-Type is what Caddy answers where no route matches".to_owned()),
        ),
        (200, Some("text/html")) => (
            "a page came in the repository's place",
            Some("the request reached something else: look at which route of the edge has this path, and at what it strips".to_owned()),
        ),
        (200, _) => ("something else than git answers here", None),
        _ => ("the server doesn't answer as git's do", None),
    }
}

/// `200 text/html, 1234 bytes: <!DOCTYPE html> …`
pub(super) fn describe(response: &Received) -> String {
    let kind = response.header("content-type").map_or("no Content-Type".to_owned(), |kind| format!("`{kind}`"));
    let location = response.header("location").map(|location| format!(", Location: {location}")).unwrap_or_default();
    let challenge = response.header("www-authenticate").map(|value| format!(", WWW-Authenticate: {value}"));
    let text = String::from_utf8_lossy(&response.body);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = text.chars().take(SHOWN).collect();
    let ellipsis = if shown.len() < text.len() { " …" } else { "" };
    let beginning = if shown.is_empty() { String::new() } else { format!(": {}{ellipsis}", shown.escape_debug()) };
    let length = match response.body.len() {
        0 => "empty".to_owned(),
        1 => "1 byte".to_owned(),
        length => format!("{length} bytes"),
    };
    format!("{} with {kind}{location}{}, {length}{beginning}", response.status, challenge.unwrap_or_default())
}
