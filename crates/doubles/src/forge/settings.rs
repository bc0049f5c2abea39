//! What a forge is told at its start.

use std::time::Duration;

use url::Url;

use super::webhooks::AllowList;

/// Which of the two forges a double answers as. They differ in hidden fields, redirects, logout and asset names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Gitea 1.26.
    Gitea,
    /// Forgejo 11.
    Forgejo,
}

impl Flavour {
    /// The program's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Flavour::Gitea => "Gitea",
            Flavour::Forgejo => "Forgejo",
        }
    }

    /// The version that it says it is.
    pub fn version(self) -> &'static str {
        match self {
            Flavour::Gitea => "1.26.0",
            Flavour::Forgejo => "11.0.0+gitea-1.22.0",
        }
    }
}

/// A setting that a double can't take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError {
    /// The setting, as it was given.
    pub name: String,
    /// What was expected, and what to do.
    pub message: String,
}

impl SettingError {
    /// Whether the double doesn't know the setting at all, whatever its value.
    pub fn is_unknown(&self) -> bool {
        self.message == UNKNOWN
    }
}

const UNKNOWN: &str = "the forge double doesn't know this setting; it knows those about addresses, cookies, OAuth, webhooks and access. \
                       Use --stack containers for the real forge";

impl std::fmt::Display for SettingError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.name, self.message)
    }
}

impl std::error::Error for SettingError {}

/// How Gitea finds the address that a request came to (`server.PUBLIC_URL_DETECTION`). Forgejo always goes by its `ROOT_URL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detection {
    /// By X-Forwarded-Proto and Host, or by Host alone.
    Auto,
    /// By X-Forwarded-Proto and Host, or else by `ROOT_URL`.
    Legacy,
    /// By `ROOT_URL`.
    Never,
}

/// What a forge is told at its start.
#[derive(Clone)]
pub struct Settings {
    /// Which forge.
    pub flavour: Flavour,
    /// `server.ROOT_URL`, with a slash at its end.
    root_url: Url,
    /// `server.PUBLIC_URL_DETECTION`.
    pub(super) detection: Detection,
    /// `session.COOKIE_SECURE`; where it isn't set, an https `ROOT_URL` decides.
    cookie_secure: Option<bool>,
    /// `session.COOKIE_NAME`.
    pub(super) session_cookie: String,
    /// `DEFAULT.APP_NAME`: what titles end in.
    app_name: Option<String>,
    /// `security.INTERNAL_TOKEN`; where it isn't set, the forge makes one.
    pub(super) internal_token: Option<String>,
    /// `service.REQUIRE_SIGNIN_VIEW`: strangers see nothing.
    pub(super) require_sign_in: bool,
    /// `repository.DEFAULT_BRANCH`.
    pub(super) default_branch: String,
    /// `webhook.ALLOWED_HOST_LIST`.
    pub(super) allowed_hosts: AllowList,
    /// `webhook.DELIVER_TIMEOUT`, in seconds.
    pub(super) deliver_timeout: Duration,
    /// `oauth2.ENABLED`.
    pub(super) oauth: bool,
    /// `oauth2.ACCESS_TOKEN_EXPIRATION_TIME`, in seconds.
    pub(super) access_token_seconds: u64,
    /// `oauth2.REFRESH_TOKEN_EXPIRATION_TIME`, in hours.
    pub(super) refresh_token_hours: u64,
    /// `oauth2.INVALIDATE_REFRESH_TOKENS`: each of them works once.
    pub(super) refresh_tokens_work_once: bool,
    /// `packages.ENABLED`: there is a registry.
    pub(super) packages: bool,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not all of them: one is a secret.
        formatter.debug_struct("Settings").field("flavour", &self.flavour).field("root_url", &self.root_url()).finish()
    }
}

impl Default for Settings {
    /// What both programs begin with.
    fn default() -> Self {
        #[expect(clippy::unwrap_used, reason = "a constant that a test of this module parses")]
        let root_url = Url::parse(DEFAULT_ROOT_URL).unwrap();
        Self {
            flavour: Flavour::Forgejo,
            root_url,
            detection: Detection::Auto,
            cookie_secure: None,
            session_cookie: "i_like_gitea".to_owned(),
            app_name: None,
            internal_token: None,
            require_sign_in: false,
            default_branch: "main".to_owned(),
            allowed_hosts: AllowList::external(),
            deliver_timeout: Duration::from_secs(5),
            oauth: true,
            access_token_seconds: 3600,
            refresh_token_hours: 730,
            refresh_tokens_work_once: false,
            packages: true,
        }
    }
}

const DEFAULT_ROOT_URL: &str = "http://localhost:3000/";

/// Settings about things that a double doesn't have, such as a database: taken, and without effect.
const WITHOUT_EFFECT: &[&str] = &[
    "actions__enabled",
    "cron__enabled",
    "database__db_type",
    "database__path",
    "indexer__repo_indexer_enabled",
    "log__level",
    "log__mode",
    "security__install_lock",
    "security__secret_key",
    "server__disable_ssh",
    "server__lfs_start_server",
    "server__offline_mode",
    "service__disable_registration",
];

impl Settings {
    /// Takes a setting by the name that the official images give it in the environment.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        let Some(key) = name.strip_prefix("GITEA__").or_else(|| name.strip_prefix("FORGEJO__")) else {
            let message = "expected a name such as `GITEA__server__ROOT_URL`".to_owned();
            return Err(SettingError { name: name.to_owned(), message });
        };
        self.set_key(&key.to_ascii_lowercase(), value)
            .map_err(|message| SettingError { name: name.to_owned(), message })
    }

    fn set_key(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "default__app_name" => self.app_name = Some(value.to_owned()),
            "server__root_url" => self.root_url = root_url(value)?,
            "server__public_url_detection" => {
                self.detection = match value {
                    "auto" => Detection::Auto,
                    "legacy" => Detection::Legacy,
                    "never" => Detection::Never,
                    _ => return Err(format!("expected `auto`, `legacy` or `never`, found `{value}`")),
                };
            }
            "session__cookie_secure" => self.cookie_secure = Some(boolean(value)?),
            "session__cookie_name" => self.session_cookie = word(value)?,
            "security__internal_token" => self.internal_token = Some(value.to_owned()),
            "service__require_signin_view" => self.require_sign_in = boolean(value)?,
            "repository__default_branch" => self.default_branch = word(value)?,
            "webhook__allowed_host_list" => self.allowed_hosts = AllowList::parse(value),
            "webhook__deliver_timeout" => self.deliver_timeout = Duration::from_secs(number(value)?),
            "oauth2__enabled" => self.oauth = boolean(value)?,
            "oauth2__access_token_expiration_time" => self.access_token_seconds = number(value)?,
            "oauth2__refresh_token_expiration_time" => self.refresh_token_hours = number(value)?,
            "oauth2__invalidate_refresh_tokens" => self.refresh_tokens_work_once = boolean(value)?,
            "packages__enabled" => self.packages = boolean(value)?,
            key if WITHOUT_EFFECT.contains(&key) => {}
            _ => {
                return Err(UNKNOWN.to_owned());
            }
        }
        Ok(())
    }

    /// The public URL, with a slash at its end.
    pub fn root_url(&self) -> &str {
        self.root_url.as_str()
    }

    /// The public URL without its slash.
    pub(super) fn base(&self) -> &str {
        self.root_url.as_str().trim_end_matches('/')
    }

    /// Scheme, host and port of the public URL.
    pub(super) fn origin(&self) -> String {
        self.root_url.origin().ascii_serialization()
    }

    /// The path of the public URL without its slash: empty at the root.
    pub fn sub_path(&self) -> &str {
        self.root_url.path().trim_end_matches('/')
    }

    /// The public URL's host, without a port.
    pub(super) fn domain(&self) -> &str {
        self.root_url.host_str().unwrap_or_default()
    }

    /// The path that cookies are set for.
    pub(super) fn cookie_path(&self) -> &str {
        if self.sub_path().is_empty() { "/" } else { self.sub_path() }
    }

    pub(super) fn cookies_are_secure(&self) -> bool {
        self.cookie_secure.unwrap_or(self.root_url.scheme() == "https")
    }

    pub(super) fn app_name(&self) -> &str {
        self.app_name.as_deref().unwrap_or(self.flavour.as_str())
    }
}

fn root_url(value: &str) -> Result<Url, String> {
    match Url::parse(value) {
        Ok(mut url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
            if !url.path().ends_with('/') {
                url.set_path(&format!("{}/", url.path()));
            }
            Ok(url)
        }
        _ => Err(format!("expected an http or https URL, found `{value}`")),
    }
}

fn boolean(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| format!("expected `true` or `false`, found `{value}`"))
}

fn number(value: &str) -> Result<u64, String> {
    value.parse().map_err(|_| format!("expected a whole number, found `{value}`"))
}

fn word(value: &str) -> Result<String, String> {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '/');
    if value.is_empty() || !value.chars().all(is_plain) {
        return Err(format!("expected letters, digits, `-`, `_`, `.` and `/`, found `{value}`"));
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_follow_from_the_root_url() {
        let mut settings = Settings::default();
        assert_eq!(
            (settings.root_url(), settings.sub_path(), settings.cookie_path(), settings.cookies_are_secure()),
            (DEFAULT_ROOT_URL, "", "/", false)
        );
        settings.set("FORGEJO__server__ROOT_URL", "https://edge.test/forge").unwrap();
        assert_eq!(
            (settings.root_url(), settings.sub_path(), settings.cookie_path(), settings.cookies_are_secure()),
            ("https://edge.test/forge/", "/forge", "/forge", true)
        );
        assert_eq!((settings.origin().as_str(), settings.domain()), ("https://edge.test", "edge.test"));
        settings.set("GITEA__session__COOKIE_SECURE", "false").unwrap();
        assert!(!settings.cookies_are_secure());
    }

    #[test]
    fn what_it_cannot_take_is_named() {
        for (name, value, words) in [
            ("GITEA__server__HTTP_PORT", "1", "doesn't know this setting"),
            ("ROOT_URL", "http://x/", "expected a name such as"),
            ("GITEA__server__ROOT_URL", "forgejo:3000", "expected an http or https URL, found `forgejo:3000`"),
            ("GITEA__server__ROOT_URL", "", "expected an http or https URL"),
            ("GITEA__session__COOKIE_SECURE", "yes", "expected `true` or `false`"),
            ("GITEA__session__COOKIE_NAME", "a;b", "expected letters, digits"),
            ("GITEA__webhook__DELIVER_TIMEOUT", "5s", "expected a whole number"),
            ("GITEA__server__PUBLIC_URL_DETECTION", "", "expected `auto`, `legacy` or `never`"),
        ] {
            let error = Settings::default().set(name, value).unwrap_err().to_string();
            assert!(error.starts_with(name) && error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let mut settings = Settings::default();
        settings.set("GITEA__security__INTERNAL_TOKEN", "topsecret").unwrap();
        settings.set("GITEA__database__DB_TYPE", "sqlite3").unwrap();
        assert!(!format!("{settings:?}").contains("topsecret"));
    }
}
