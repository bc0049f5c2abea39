//! The plan as an issue at the forge, once: by the API that Gitea and Forgejo have in common.

use std::time::Duration;

use scenario::Secret;
use serde_json::{Value, json};

use crate::engine::http::target::Origin;
use crate::engine::http::{Address, Client, Connector, Outgoing};

/// The longest that a call may take.
const CALL_WITHIN: Duration = Duration::from_secs(30);
/// Issues on a page of the list; forges give fifty at most by default.
const PAGE: usize = 50;
/// The most pages that are looked through.
const PAGES: usize = 200;
/// The longest text that is sent, in bytes.
const LONGEST: usize = 60_000;

/// Where issues are filed.
pub struct Forge {
    url: String,
    repository: String,
    token: Secret,
    client: Client,
}

/// What became of an issue. Both give its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filed {
    /// It was opened.
    Opened(String),
    /// One of this title was open already.
    There(String),
}

impl Forge {
    /// The repository `OWNER/NAME` of the forge at this URL.
    ///
    /// # Errors
    /// A value that can't be, and what was expected. The token is never shown.
    pub fn new(url: &str, repository: &str, token: Secret) -> Result<Self, String> {
        let is_url = url.starts_with("http://") || url.starts_with("https://");
        if !is_url || url.contains(['?', '#', '@']) || url.contains(char::is_whitespace) {
            return Err(format!("the forge's address is `{}`; expected http:// or https://", url.escape_debug()));
        }
        let is_name = |name: &str| {
            !matches!(name, "" | "." | "..")
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        if !repository.split_once('/').is_some_and(|(owner, name)| is_name(owner) && is_name(name)) {
            return Err(format!("the repository is `{}`; expected OWNER/NAME", repository.escape_debug()));
        }
        if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the token has characters that no token has".to_owned());
        }
        let connector = Connector::new(Vec::new(), None).map_err(|error| error.to_string())?;
        let client = Client::new(connector);
        Ok(Self { url: url.trim_end_matches('/').to_owned(), repository: repository.to_owned(), token, client })
    }

    /// Opens the issue, unless one of its title is open.
    ///
    /// # Errors
    /// The forge's answer, in words.
    pub async fn file(&mut self, title: &str, text: &str) -> Result<Filed, String> {
        for page in 1..=PAGES {
            let path = format!("issues?state=open&type=issues&limit={PAGE}&page={page}");
            let (status, answer) = self.call("GET", &path, None).await?;
            let list = answer.as_array().filter(|_| status == 200);
            let list =
                list.ok_or_else(|| self.unexpected("GET", &path, status, "200 with the open issues", &answer))?;
            if let Some(there) = list.iter().find(|issue| issue.get("title").and_then(Value::as_str) == Some(title)) {
                return Ok(Filed::There(self.address(there)));
            }
            // A forge may give fewer than asked for; the end is an empty page.
            if list.is_empty() {
                break;
            }
        }
        let wanted = json!({ "title": title, "body": shortened(text) });
        let (status, answer) = self.call("POST", "issues", Some(&wanted)).await?;
        match status {
            201 => Ok(Filed::Opened(self.address(&answer))),
            _ => Err(self.unexpected("POST", "issues", status, "201 with the issue", &answer)),
        }
    }

    /// Where people find the issue.
    fn address(&self, issue: &Value) -> String {
        let given = issue.get("html_url").and_then(Value::as_str).map(str::to_owned);
        let number = issue.get("number").and_then(Value::as_i64).map(|number| format!("/{number}")).unwrap_or_default();
        given.unwrap_or_else(|| format!("{}/{}/issues{number}", self.url, self.repository))
    }

    fn unexpected(&self, method: &str, path: &str, status: u16, expected: &str, answer: &Value) -> String {
        let said = answer.get("message").and_then(Value::as_str).unwrap_or_default();
        let said: String = said.replace(self.token.expose(), "***").chars().take(200).collect();
        let said = if said.is_empty() { String::new() } else { format!(" ({})", scenario::text::one_line(&said)) };
        let help = match status {
            401 | 403 => "; the token needs the scope write:issue",
            404 => "; is there such a repository, and may the token see it?",
            300..=399 => {
                "; redirects are not followed, so that the token goes to the forge alone: give the address that it has"
            }
            _ => "",
        };
        let at = format!("{}/api/v1/repos/{}/{path}", self.url, self.repository);
        format!("the forge answered {status}{said} to {method} {at}; expected {expected}{help}")
    }

    /// One call: the status, and the content where it is JSON.
    async fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value), String> {
        let url = format!("{}/api/v1/repos/{}/{path}", self.url, self.repository);
        let wrong = |why: String| format!("{method} {url}: {why}");
        let address = Origin::parse(&self.url[..origin_end(&self.url)])
            .map_err(|error| error.to_string())
            .and_then(|origin| Address::parse(&url, &origin).map_err(|error| error.to_string()))
            .map_err(wrong)?;
        let mut headers = vec![
            ("Authorization".to_owned(), format!("token {}", self.token.expose()).into_bytes()),
            ("Accept".to_owned(), b"application/json".to_vec()),
        ];
        if body.is_some() {
            headers.push(("Content-Type".to_owned(), b"application/json".to_vec()));
        }
        let content = body.map(ToString::to_string).unwrap_or_default();
        let outgoing = Outgoing { method: method.to_owned(), address, headers, body: content.into() };
        match tokio::time::timeout(CALL_WITHIN, self.client.send(&outgoing)).await {
            Err(_) => Err(wrong(format!("no answer within {} s", CALL_WITHIN.as_secs()))),
            Ok(Err(error)) => Err(wrong(error.to_string())),
            Ok(Ok(received)) => Ok((received.status, serde_json::from_slice(&received.body).unwrap_or_default())),
        }
    }
}

/// Where the origin of a URL ends.
fn origin_end(url: &str) -> usize {
    let start = url.find("://").map_or(0, |at| at + 3);
    url[start..].find('/').map_or(url.len(), |at| start + at)
}

/// The text, cut at a line where it is too long.
fn shortened(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        if out.len() + line.len() > LONGEST {
            break;
        }
        out.push_str(line);
    }
    // What was cut may be within a fence.
    let is_open = out.lines().filter(|line| line.starts_with("```")).count() % 2 == 1;
    out + if is_open { "```\n\n… shortened.\n" } else { "\n… shortened.\n" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_a_forge_is_refused_and_the_token_never_shown() {
        let forge = |url: &str, repository: &str, token: &str| Forge::new(url, repository, Secret::new(token)).err();
        assert_eq!(forge("https://example.org/forge/", "me/it", "t0ken"), None);
        for (url, repository, token) in [
            ("example.org", "me/it", "t0ken"),
            ("https://user@example.org", "me/it", "t0ken"),
            ("https://example.org?", "me/it", "t0ken"),
            ("https://example.org", "it", "t0ken"),
            ("https://example.org", "me/../it", "t0ken"),
            ("https://example.org", "../it", "t0ken"),
            ("https://example.org", "me/it", "t0ken\r\nX: y"),
        ] {
            let error = forge(url, repository, token).expect("an error");
            assert!(!error.contains("t0ken"), "{error}");
        }
    }

    #[test]
    fn a_long_text_ends_at_a_line_outside_of_a_fence() {
        assert_eq!(shortened("short\n"), "short\n");
        let long = shortened(&format!("```diff\n{}", "+ a line\n".repeat(10_000)));
        assert!(long.len() < LONGEST + 100 && long.ends_with("+ a line\n```\n\n… shortened.\n"));
    }
}
