//! What a CI server is told at its start, by the names that Woodpecker 3.17 has in the environment.

mod given;

use std::time::Duration;

use url::Url;

pub(super) use given::Given;
use given::{PREFIX, truth, wrong};

/// Which forge a server works with. They differ in a header of their webhooks, and in which address a code is exchanged at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForgeKind {
    /// `WOODPECKER_GITEA`.
    Gitea,
    /// `WOODPECKER_FORGEJO`.
    Forgejo,
}

/// The forge that a server works with.
#[derive(Clone)]
pub struct ForgeSettings {
    /// Which of the two.
    pub kind: ForgeKind,
    /// Where the server reaches it, without a slash at its end.
    pub url: String,
    /// Where browsers reach it, if elsewhere: `WOODPECKER_EXPERT_FORGE_OAUTH_HOST`, taken as it is.
    pub oauth_host: Option<String>,
    /// The OAuth application's id.
    pub client: String,
    /// The OAuth application's secret.
    pub secret: String,
}

impl ForgeSettings {
    /// Where a browser is sent to sign in (RFC 6749, section 3.1).
    pub(super) fn authorize_url(&self) -> String {
        format!("{}/login/oauth/authorize", self.oauth_host.as_deref().unwrap_or(&self.url))
    }

    /// Where a code becomes a token (RFC 6749, section 3.2). Woodpecker asks Forgejo at the address for browsers, Gitea at its own.
    pub(super) fn token_url(&self) -> String {
        let base = match self.kind {
            ForgeKind::Forgejo => self.oauth_host.as_deref().unwrap_or(&self.url),
            ForgeKind::Gitea => &self.url,
        };
        format!("{base}/login/oauth/access_token")
    }
}

impl std::fmt::Debug for ForgeSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, url, oauth_host, client, secret: _ } = self;
        let mut fields = formatter.debug_struct("ForgeSettings");
        fields.field("kind", kind).field("url", url).field("oauth_host", oauth_host).field("client", client);
        fields.finish_non_exhaustive()
    }
}

/// What a CI server is told at its start.
#[derive(Clone)]
pub struct Settings {
    /// `WOODPECKER_HOST` without a slash at its end: scheme, host and root path that browsers use.
    pub host: String,
    /// The path of the host: empty at the root.
    pub root_path: String,
    /// Where webhooks go: `WOODPECKER_EXPERT_WEBHOOK_HOST`, taken as it is; the host otherwise.
    pub webhook_host: String,
    /// Whether everybody who can sign in at the forge may come: `WOODPECKER_OPEN`.
    pub open: bool,
    /// Who is an administrator: `WOODPECKER_ADMIN`, separated by commas.
    pub admins: Vec<String>,
    /// What agents must know: `WOODPECKER_AGENT_SECRET`. Without it no agent is let in.
    pub agent_secret: Option<String>,
    /// The forge.
    pub forge: ForgeSettings,
    /// Where to look for pipeline files: `WOODPECKER_DEFAULT_PIPELINE_CONFIGS`; a folder ends in a slash.
    pub pipeline_configs: Vec<String>,
    /// How long a sign-in lasts: `WOODPECKER_SESSION_EXPIRES`.
    pub session_expires: Duration,
    /// `WOODPECKER_SERVER_ADDR`, such as `:8000`.
    pub server_address: String,
    /// `WOODPECKER_GRPC_ADDR`, such as `:9000`: where agents come.
    pub agent_address: String,
    /// Names that begin in `WOODPECKER_` and mean nothing to the double, though some of them do to Woodpecker.
    pub unknown: Vec<String>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Settings").field("host", &self.host).field("forge", &self.forge).finish_non_exhaustive()
    }
}

/// Why a server with these settings doesn't start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError {
    /// The setting; empty where one is missing that has several names.
    pub name: String,
    /// What is wrong, in the words of Woodpecker's log where it has some.
    pub message: String,
}

impl std::fmt::Display for SettingError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for SettingError {}

/// Where pipelines are unless settings say otherwise, in this order.
const PIPELINE_CONFIGS: [&str; 3] = [".woodpecker/", ".woodpecker.yaml", ".woodpecker.yml"];

/// Woodpecker's settings that change nothing that the double does.
const WITHOUT_EFFECT: &[&str] = &[
    "WOODPECKER_DATABASE_DATASOURCE",
    "WOODPECKER_DATABASE_DRIVER",
    "WOODPECKER_DEBUG_NOCOLOR",
    "WOODPECKER_DEBUG_PRETTY",
    "WOODPECKER_DISABLE_VERSION_CHECK",
    "WOODPECKER_GRPC_SECRET",
    "WOODPECKER_LOG_LEVEL",
];

/// The forges that Woodpecker knows and the double doesn't play.
const OTHER_FORGES: [&str; 5] = ["ADDON_FORGE", "GITHUB", "GITLAB", "BITBUCKET", "BITBUCKET_DC"];

impl Settings {
    /// Reads settings from names and values; names that don't begin in `WOODPECKER_` are nobody's business here.
    ///
    /// # Errors
    /// What keeps Woodpecker from starting: no host, a host without a scheme, no forge, a value that can't be read.
    pub fn read<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, SettingError> {
        let mut given = Given::new(pairs);
        let host = given.text("HOST").unwrap_or_default();
        if host.is_empty() {
            return Err(wrong("WOODPECKER_HOST", "WOODPECKER_HOST is not properly configured"));
        }
        if !host.contains("://") {
            return Err(wrong("WOODPECKER_HOST", "WOODPECKER_HOST must be <scheme>://<hostname> format"));
        }
        let parsed = Url::parse(host)
            .map_err(|error| wrong("WOODPECKER_HOST", &format!("could not parse WOODPECKER_HOST: {error}")))?;
        let host = host.strip_suffix('/').unwrap_or(host).to_owned();
        let path = parsed.path();
        let settings = Self {
            root_path: path.strip_suffix('/').unwrap_or(path).to_owned(),
            webhook_host: given.text("EXPERT_WEBHOOK_HOST").map_or_else(|| host.clone(), ToOwned::to_owned),
            host,
            open: given.truth("OPEN")?,
            admins: given.list("ADMIN").unwrap_or_default(),
            agent_secret: given.text("AGENT_SECRET").map(|secret| secret.trim().to_owned()).filter(|it| !it.is_empty()),
            forge: forge(&mut given)?,
            pipeline_configs: given
                .list("DEFAULT_PIPELINE_CONFIGS")
                .unwrap_or_else(|| PIPELINE_CONFIGS.map(ToOwned::to_owned).to_vec()),
            session_expires: given.duration("SESSION_EXPIRES", Duration::from_hours(72))?,
            server_address: given.text("SERVER_ADDR").unwrap_or(":8000").to_owned(),
            agent_address: given.text("GRPC_ADDR").unwrap_or(":9000").to_owned(),
            unknown: Vec::new(),
        };
        Ok(Self { unknown: given.unread(WITHOUT_EFFECT), ..settings })
    }

    /// Whether somebody with this name is an administrator.
    pub(super) fn is_admin(&self, login: &str) -> bool {
        self.admins.iter().any(|admin| admin.eq_ignore_ascii_case(login))
    }
}

fn forge(given: &mut Given<'_>) -> Result<ForgeSettings, SettingError> {
    let mut other = None;
    for name in OTHER_FORGES {
        // Given an add-on's program or `true`: one of the forges that come first in Woodpecker's own order.
        if given.text(name).is_some_and(|value| truth(value) != Some(false)) {
            other = Some(format!("{PREFIX}{name}"));
        }
    }
    let gitea = given.truth("GITEA")?;
    let forgejo = given.truth("FORGEJO")?;
    let (kind, default) = match (other, gitea, forgejo) {
        (Some(name), ..) => {
            let message = format!("{name}: the ci double works with Gitea and Forgejo alone");
            return Err(SettingError { name, message });
        }
        (None, true, _) => (ForgeKind::Gitea, "https://try.gitea.com"),
        (None, false, true) => (ForgeKind::Forgejo, "https://next.forgejo.org"),
        (None, false, false) => {
            return Err(wrong(
                "",
                "can't setup globals: could not setup service manager: failed to setup forge service: forge not configured",
            ));
        }
    };
    // As in Woodpecker, each forge's own names are but other names for the same three settings; the first that is there counts.
    let mut first = |key: &str| {
        let values = ["FORGE", "GITEA", "FORGEJO"].map(|forge| given.text(&format!("{forge}_{key}")));
        values.into_iter().flatten().next()
    };
    let url = first("URL").filter(|url| !url.is_empty()).unwrap_or(default);
    let client = first("CLIENT").unwrap_or_default().trim().to_owned();
    let secret = first("SECRET").unwrap_or_default().trim().to_owned();
    Ok(ForgeSettings {
        kind,
        url: url.trim_end_matches('/').to_owned(),
        oauth_host: given.text("EXPERT_FORGE_OAUTH_HOST").filter(|host| !host.is_empty()).map(ToOwned::to_owned),
        client,
        secret,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORGE: [(&str, &str); 2] =
        [("WOODPECKER_GITEA", "true"), ("WOODPECKER_GITEA_URL", "http://edge.test/forge/")];

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, SettingError> {
        Settings::read(FORGE.iter().chain(pairs).copied())
    }

    #[test]
    fn the_root_path_is_the_path_of_the_host() {
        for (host, root_path, kept) in [
            ("http://edge.test:8080/ci", "/ci", "http://edge.test:8080/ci"),
            ("https://edge.test/ci/", "/ci", "https://edge.test/ci"),
            ("http://ci.edge.test", "", "http://ci.edge.test"),
            ("http://ci.edge.test/", "", "http://ci.edge.test"),
            ("http://edge.test/a/b", "/a/b", "http://edge.test/a/b"),
        ] {
            let settings = read(&[("WOODPECKER_HOST", host)]).unwrap();
            assert_eq!((settings.root_path.as_str(), settings.host.as_str()), (root_path, kept), "{host}");
            assert_eq!(settings.webhook_host, kept);
        }
    }

    #[test]
    fn what_keeps_it_from_starting() {
        let cases: [(&[(&str, &str)], &str); 7] = [
            (&[], "WOODPECKER_HOST is not properly configured"),
            (&[("WOODPECKER_HOST", "")], "WOODPECKER_HOST is not properly configured"),
            (&[("WOODPECKER_HOST", "edge.test/ci")], "must be <scheme>://<hostname> format"),
            (&[("WOODPECKER_HOST", "http://[::/ci")], "could not parse WOODPECKER_HOST"),
            (&[("WOODPECKER_HOST", "http://x"), ("WOODPECKER_OPEN", "yes")], "WOODPECKER_OPEN: expected `true` or"),
            (&[("WOODPECKER_HOST", "http://x"), ("WOODPECKER_GITEA", "false")], "forge not configured"),
            (&[("WOODPECKER_HOST", "http://x"), ("WOODPECKER_GITHUB", "true")], "WOODPECKER_GITHUB: the ci double"),
        ];
        for (pairs, words) in cases {
            let error = read(pairs).unwrap_err().to_string();
            assert!(error.contains(words), "{pairs:?}: {error}");
        }
    }

    #[test]
    fn who_exchanges_the_code_where() {
        let host = ("WOODPECKER_HOST", "http://edge.test/ci");
        let outside = ("WOODPECKER_EXPERT_FORGE_OAUTH_HOST", "https://edge.test/forge");
        let gitea = read(&[host, outside]).unwrap().forge;
        assert_eq!(gitea.authorize_url(), "https://edge.test/forge/login/oauth/authorize");
        assert_eq!(gitea.token_url(), "http://edge.test/forge/login/oauth/access_token");
        let forgejo = [host, outside, ("WOODPECKER_GITEA", "false"), ("WOODPECKER_FORGEJO", "true")];
        let forgejo = read(&forgejo).unwrap().forge;
        assert_eq!(forgejo.token_url(), "https://edge.test/forge/login/oauth/access_token");
    }

    #[test]
    fn unknown_names_are_told_and_nothing_else_is_read() {
        let settings = read(&[
            ("PATH", "/bin"),
            ("WOODPECKER_HOST", "http://edge.test/ci"),
            ("WOODPECKER_ROOT_PATH", "/ci"),
            ("WOODPECKER_LOG_LEVEL", "debug"),
            ("WOODPECKER_ADMIN", "alice, bob"),
            ("WOODPECKER_AGENT_SECRET", " s \n"),
        ])
        .unwrap();
        assert_eq!(settings.unknown, ["WOODPECKER_ROOT_PATH"]);
        assert!(settings.is_admin("Bob") && !settings.is_admin("mallory"));
        assert_eq!(settings.agent_secret.as_deref(), Some("s"));
        assert!(!format!("{settings:?}").contains("\"s\""));
    }
}
