//! What the service is told at its start, by the names that it has in the environment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use url::Url;

use super::limits::Limits;
use super::place::Mode;

/// What the service is told at its start. Settings of parts that a double has none of (the command, disks) are passed over.
#[derive(Clone)]
pub struct Settings {
    /// How the edge routes (`EDGE_ROUTING_MODE`).
    pub mode: Mode,
    /// The origin at which browsers find it (`CHAT_PUBLIC_URL`, or `EDGE_TUNNEL_FQDN` and `EDGE_TUNNEL_FQDN_CHAT`).
    pub origin: String,
    /// The forge's address for the service (`FORGE_URL`), without a slash at its end.
    pub forge: String,
    /// The forge's address for browsers (`FORGE_PUBLIC_URL`).
    pub forge_public: String,
    /// `CHAT_OAUTH_CLIENT_ID`.
    pub client: String,
    /// `CHAT_OAUTH_CLIENT_SECRET`.
    pub client_secret: String,
    /// `FORWARD_AUTH_SECRET`.
    pub gate_secret: String,
    /// `CHAT_GATE_REDIRECT`.
    pub gate_redirect: bool,
    /// `DISINTO_CHAT_ALLOWED_USERS`, in lower case.
    pub allowed: BTreeSet<String>,
    /// `CHAT_SESSION_SECONDS`.
    pub session: Duration,
    /// `CHAT_COOKIE_PATH`.
    pub cookie_path: String,
    /// How much one person may ask for.
    pub limits: Limits,
    /// The repositories that actions may touch, the first being meant where none is named (`FORGE_OWNER`, `FORGE_REPO`, `CHAT_ACTION_REPOS`).
    pub repositories: Vec<String>,
    /// `FORGE_TOKEN`.
    pub forge_token: Option<String>,
    /// The CI, where it has a token.
    pub ci: Option<CiSettings>,
    /// Where it listens: `CHAT_HOST` and `CHAT_PORT`.
    pub listen: String,
}

/// The CI, for actions.
#[derive(Clone)]
pub struct CiSettings {
    /// `WOODPECKER_TOKEN`.
    pub token: String,
    /// Its address for the service, with its path (`WOODPECKER_URL`).
    pub url: String,
    /// Its address for browsers (`WOODPECKER_HOST`).
    pub public: String,
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("origin", &self.origin)
            .field("forge", &self.forge)
            .finish_non_exhaustive()
    }
}

/// Settings with which the service doesn't start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// Each setting that is wrong, and how. No secret is among the words.
    pub problems: Vec<(String, String)>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(|(name, words)| format!("{name}: {words}")).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for SettingsError {}

/// Values by their names, and what is wrong with them.
struct Given<'a> {
    values: BTreeMap<&'a str, &'a str>,
    problems: Vec<(String, String)>,
}

impl<'a> Given<'a> {
    /// An empty value counts as none.
    fn get(&self, name: &str) -> Option<&'a str> {
        self.values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn wrong(&mut self, name: &str, words: &str) {
        self.problems.push((name.to_owned(), words.to_owned()));
    }

    fn needed(&mut self, name: &str) -> String {
        let value = self.get(name);
        if value.is_none() {
            self.wrong(name, "it is missing");
        }
        value.unwrap_or_default().to_owned()
    }

    fn number(&mut self, name: &str, default: u64) -> u64 {
        let Some(text) = self.get(name) else { return default };
        text.parse().unwrap_or_else(|_| {
            self.wrong(name, "a number was expected");
            default
        })
    }

    fn url(&mut self, name: &str) -> Option<String> {
        let text = self.get(name)?;
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none());
        if url.is_none() {
            self.wrong(name, "an http or https URL without a query was expected");
        }
        url.map(|url| url.as_str().trim_end_matches('/').to_owned())
    }

    fn token(&mut self, name: &str) -> Option<String> {
        let token = self.get(name)?;
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.wrong(name, "visible ASCII characters were expected");
        }
        Some(token.to_owned())
    }
}

impl Settings {
    /// Reads settings from names and values.
    ///
    /// # Errors
    /// All that are missing or wrong.
    pub fn read<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, SettingsError> {
        let mut given = Given { values: pairs.into_iter().collect(), problems: Vec::new() };
        let mode = match given.get("EDGE_ROUTING_MODE") {
            None | Some("subpath") => Mode::Subpath,
            Some("subdomain") => Mode::Subdomain,
            Some(_) => {
                given.wrong("EDGE_ROUTING_MODE", "`subpath` or `subdomain` was expected");
                Mode::Subpath
            }
        };
        let forge = given.needed("FORGE_URL");
        let forge = given.url("FORGE_URL").unwrap_or(forge);
        let forge_public = given.url("FORGE_PUBLIC_URL").unwrap_or_else(|| forge.clone());
        let ci = ci(&mut given);
        let default_path = if mode == Mode::Subpath { "/chat" } else { "/" };
        let settings = Self {
            mode,
            origin: origin(&mut given, mode),
            forge,
            forge_public,
            client: given.needed("CHAT_OAUTH_CLIENT_ID"),
            client_secret: given.needed("CHAT_OAUTH_CLIENT_SECRET"),
            gate_secret: gate_secret(&mut given),
            gate_redirect: matches!(given.get("CHAT_GATE_REDIRECT"), Some("true" | "1")),
            allowed: list(&given.needed("DISINTO_CHAT_ALLOWED_USERS").to_ascii_lowercase()).collect(),
            session: Duration::from_secs(given.number("CHAT_SESSION_SECONDS", 24 * 60 * 60)),
            cookie_path: cookie_path(&mut given, default_path),
            limits: Limits {
                requests_per_hour: given.number("CHAT_MAX_REQUESTS_PER_HOUR", 60),
                requests_per_day: given.number("CHAT_MAX_REQUESTS_PER_DAY", 500),
                tokens_per_day: given.number("CHAT_MAX_TOKENS_PER_DAY", 1_000_000),
            },
            repositories: repositories(&given),
            forge_token: given.token("FORGE_TOKEN"),
            ci,
            listen: format!("{}:{}", given.get("CHAT_HOST").unwrap_or_default(), given.number("CHAT_PORT", 8080)),
        };
        if settings.repositories.is_empty() && (settings.forge_token.is_some() || settings.ci.is_some()) {
            given.wrong("FORGE_REPO", "it is missing, and with a token there are actions, which need it");
        }
        if given.problems.is_empty() { Ok(settings) } else { Err(SettingsError { problems: given.problems }) }
    }

    /// Whether browsers come over https.
    pub(super) fn is_https(&self) -> bool {
        self.origin.starts_with("https:")
    }

    /// What stands before the service's paths in a browser.
    pub(super) fn prefix(&self) -> &'static str {
        match self.mode {
            Mode::Subpath => "/chat",
            Mode::Subdomain => "",
        }
    }

    /// The address of one of its paths.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.prefix())
    }
}

fn list(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(ToOwned::to_owned)
}

fn origin(given: &mut Given<'_>, mode: Mode) -> String {
    let name = match mode {
        Mode::Subpath => "EDGE_TUNNEL_FQDN",
        Mode::Subdomain => "EDGE_TUNNEL_FQDN_CHAT",
    };
    let text = match (given.url("CHAT_PUBLIC_URL"), given.get(name)) {
        (Some(url), _) => url,
        (None, Some(host)) => {
            let is_http = given.get("FORGE_PUBLIC_URL").is_some_and(|url| url.starts_with("http:"));
            format!("{}://{host}", if is_http { "http" } else { "https" })
        }
        (None, None) => {
            given.wrong(name, "it is missing: the host at which browsers find the chat");
            return String::new();
        }
    };
    let Ok(url) = Url::parse(&text) else {
        given.wrong(name, "a host was expected, with a port where it isn't the scheme's own");
        return String::new();
    };
    let expected = if mode == Mode::Subpath { "/chat" } else { "" };
    if given.get("CHAT_PUBLIC_URL").is_some() && url.path().trim_end_matches('/') != expected {
        given.wrong("CHAT_PUBLIC_URL", "its path and EDGE_ROUTING_MODE don't agree");
    }
    url.origin().ascii_serialization()
}

fn gate_secret(given: &mut Given<'_>) -> String {
    let secret = given.needed("FORWARD_AUTH_SECRET");
    if secret.starts_with('<') || secret.contains("${") {
        given.wrong("FORWARD_AUTH_SECRET", "a template's placeholder stands there");
    } else if !secret.is_empty() && secret.len() < 16 {
        given.wrong("FORWARD_AUTH_SECRET", "at least 16 bytes were expected");
    }
    secret
}

fn cookie_path(given: &mut Given<'_>, default: &str) -> String {
    let Some(path) = given.get("CHAT_COOKIE_PATH") else { return default.to_owned() };
    if path != "/" && path != default {
        given.wrong("CHAT_COOKIE_PATH", &format!("`/` or `{default}` was expected"));
    }
    path.to_owned()
}

fn repositories(given: &Given<'_>) -> Vec<String> {
    let first = given.get("FORGE_OWNER").zip(given.get("FORGE_REPO")).map(|(owner, name)| format!("{owner}/{name}"));
    first.into_iter().chain(list(given.get("CHAT_ACTION_REPOS").unwrap_or_default())).collect()
}

fn ci(given: &mut Given<'_>) -> Option<CiSettings> {
    let token = given.token("WOODPECKER_TOKEN")?;
    let (inside, public) = (given.url("WOODPECKER_URL"), given.url("WOODPECKER_HOST"));
    let url = inside.clone().or_else(|| public.clone());
    if url.is_none() {
        given.wrong("WOODPECKER_URL", "it is missing: the CI's address, with its path");
    }
    Some(CiSettings { token, url: url?, public: public.or(inside)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: [(&str, &str); 6] = [
        ("FORGE_URL", "http://forge:3000/"),
        ("CHAT_OAUTH_CLIENT_ID", "id"),
        ("CHAT_OAUTH_CLIENT_SECRET", "secret"),
        ("DISINTO_CHAT_ALLOWED_USERS", "Smoke, other"),
        ("FORWARD_AUTH_SECRET", "0123456789abcdef"),
        ("EDGE_TUNNEL_FQDN", "edge.test:8443"),
    ];

    #[test]
    fn addresses_follow_the_mode() {
        let read = |more: &[(&'static str, &'static str)]| {
            Settings::read(LEAST.into_iter().chain(more.iter().copied())).unwrap()
        };
        let subpath = read(&[]);
        assert_eq!(
            (subpath.url("/login").as_str(), subpath.cookie_path.as_str()),
            ("https://edge.test:8443/chat/login", "/chat")
        );
        assert_eq!(subpath.forge, "http://forge:3000");
        assert!(subpath.allowed.contains("smoke") && subpath.allowed.len() == 2);
        let subdomain = read(&[
            ("EDGE_ROUTING_MODE", "subdomain"),
            ("EDGE_TUNNEL_FQDN_CHAT", "chat.edge.test:80"),
            ("FORGE_PUBLIC_URL", "http://forge.edge.test"),
        ]);
        assert_eq!((subdomain.url("/").as_str(), subdomain.cookie_path.as_str()), ("http://chat.edge.test/", "/"));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let error =
            Settings::read([("FORGE_URL", "ftp://x"), ("CHAT_PORT", "x"), ("FORWARD_AUTH_SECRET", "<no value>")]);
        let names: Vec<String> = error.unwrap_err().problems.into_iter().map(|(name, _)| name).collect();
        for name in ["FORGE_URL", "CHAT_PORT", "FORWARD_AUTH_SECRET", "CHAT_OAUTH_CLIENT_ID", "EDGE_TUNNEL_FQDN"] {
            assert!(names.contains(&name.to_owned()), "{name}: {names:?}");
        }
    }
}
