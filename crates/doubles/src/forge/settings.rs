//! What a forge is told at its start.

use url::Url;

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

impl std::fmt::Display for SettingError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.name, self.message)
    }
}

impl std::error::Error for SettingError {}

/// What a forge is told at its start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which forge.
    pub flavour: Flavour,
    /// `server.ROOT_URL`, with a slash at its end.
    root_url: Url,
    /// `session.COOKIE_SECURE`; where it isn't set, an https `ROOT_URL` decides.
    cookie_secure: Option<bool>,
    /// `DEFAULT.APP_NAME`: what titles end in.
    app_name: Option<String>,
}

impl Default for Settings {
    /// What both programs begin with.
    fn default() -> Self {
        #[expect(clippy::unwrap_used, reason = "a constant that a test of this module parses")]
        let root_url = Url::parse(DEFAULT_ROOT_URL).unwrap();
        Self { flavour: Flavour::Forgejo, root_url, cookie_secure: None, app_name: None }
    }
}

const DEFAULT_ROOT_URL: &str = "http://localhost:3000/";

impl Settings {
    /// Takes a setting by the name that the official images give it in the environment.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        let wrong = |message: String| Err(SettingError { name: name.to_owned(), message });
        let Some(key) = name.strip_prefix("GITEA__").or_else(|| name.strip_prefix("FORGEJO__")) else {
            return wrong("expected a name such as `GITEA__server__ROOT_URL`".to_owned());
        };
        match key.to_ascii_lowercase().as_str() {
            "server__root_url" => match Url::parse(value) {
                Ok(mut url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                    if !url.path().ends_with('/') {
                        url.set_path(&format!("{}/", url.path()));
                    }
                    self.root_url = url;
                }
                _ => return wrong(format!("expected an http or https URL, found `{value}`")),
            },
            "session__cookie_secure" => match value {
                "true" | "false" => self.cookie_secure = Some(value == "true"),
                _ => return wrong(format!("expected `true` or `false`, found `{value}`")),
            },
            "default__app_name" => self.app_name = Some(value.to_owned()),
            _ => {
                return wrong(
                    "the forge double doesn't know this setting; it knows server ROOT_URL, session COOKIE_SECURE and DEFAULT APP_NAME. \
                     Use --stack containers for the real forge"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }

    /// The public URL, with a slash at its end.
    pub fn root_url(&self) -> &str {
        self.root_url.as_str()
    }

    /// The path of the public URL without its slash: empty at the root.
    pub fn sub_path(&self) -> &str {
        self.root_url.path().trim_end_matches('/')
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
        ] {
            let error = Settings::default().set(name, value).unwrap_err().to_string();
            assert!(error.starts_with(name) && error.contains(words), "{error}");
        }
    }
}
