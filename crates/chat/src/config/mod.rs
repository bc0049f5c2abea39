//! The settings of the service, read from names and values. Either all of them can be used, or every one that can't is named.

mod error;
mod public;
mod reader;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use outbound::Outbound;
use url::Url;

pub use error::{ConfigError, Problem};
pub(crate) use public::PREFIX;
pub use public::{Mode, Public};
pub use reader::Reader;

use crate::secret::Secret;
use crate::{actions, client, limits, socket, turn};

/// The settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the program listens (`CHAT_HOST`, by default every address; `CHAT_PORT`, by default 8080).
    pub listen: SocketAddr,
    /// The address that browsers use.
    pub public: Public,
    /// The forge.
    pub forge: Forge,
    /// What only the edge and this service know (`FORWARD_AUTH_SECRET`).
    pub gate_secret: Secret,
    /// Whether the gate sends a person without a session to the login by a redirect (`CHAT_GATE_REDIRECT`), instead of a 401 with a link.
    pub gate_redirect: bool,
    /// Who may use the service, in lower case: forges tell no two names apart that differ by case alone (`DISINTO_CHAT_ALLOWED_USERS`).
    pub allowed_users: BTreeSet<String>,
    /// How long a session lasts (`CHAT_SESSION_SECONDS`, by default a day).
    pub session_lifetime: Duration,
    /// The `Path` of the session's cookie (`CHAT_COOKIE_PATH`, by default the prefix).
    pub cookie_path: String,
    /// Where conversations are kept (`CHAT_HISTORY_DIR`).
    pub history_dir: PathBuf,
    /// Where sessions and counters are kept (`CHAT_STATE_DIR`, by default beside the history).
    pub state_dir: PathBuf,
    /// How long turns under way may go on once the service is told to end (`CHAT_SHUTDOWN_SECONDS`, by default 8: less than engines wait).
    pub grace: Duration,
    /// What the program logs (`CHAT_LOG`: `error`, `warn`, `info`, `debug`; by default `info`).
    pub log_level: LogLevel,
    /// How much one person may ask for.
    pub limits: limits::Rules,
    /// How turns are run.
    pub turn: turn::Settings,
    /// What answers may propose.
    pub actions: Arc<actions::Settings>,
    /// How long the socket waits for whom, and how much it takes on. No setting: who embeds the service may say otherwise.
    pub bounds: socket::Bounds,
    /// How requests to other services go out. By the system's resolver and certificates, unless who embeds the service says otherwise.
    pub outbound: Outbound,
    /// How long one of those requests may take. No setting either.
    pub patience: Duration,
}

/// The forge, where people sign in.
#[derive(Debug, Clone)]
pub struct Forge {
    /// Its address for this service, without a slash at its end (`FORGE_URL`).
    pub internal: Url,
    /// Its address for browsers (`FORGE_PUBLIC_URL`). Without one it is the internal one, which a browser seldom reaches.
    pub public: Url,
    /// The id of the chat's OAuth application (`CHAT_OAUTH_CLIENT_ID`).
    pub client_id: String,
    /// Its secret (`CHAT_OAUTH_CLIENT_SECRET`).
    pub client_secret: Secret,
}

/// From which severity on something is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogLevel {
    /// What keeps the service from its work.
    Error,
    /// What somebody should look at.
    Warn,
    /// Requests, sign-ins, starts and ends.
    #[default]
    Info,
    /// What helps to find a fault of the service's own.
    Debug,
}

impl FromStr for LogLevel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "error" => Ok(Self::Error),
            "warn" => Ok(Self::Warn),
            "info" => Ok(Self::Info),
            "debug" => Ok(Self::Debug),
            _ => Err(()),
        }
    }
}

/// The length under which a shared secret can be tried out, in bytes.
const SECRET_MIN: usize = 16;

impl Config {
    /// Reads the settings. An empty value is as good as none.
    ///
    /// # Errors
    /// All settings that are missing or wrong. No secret is among the words.
    pub fn read(values: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(values);
        let address = reader.parsed("CHAT_HOST", "an IP address to listen at").unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        let port = reader.parsed("CHAT_PORT", "a port to listen at").unwrap_or(8080);
        let public = Public::read(&mut reader);
        let forge = forge(&mut reader);
        let gate_secret = gate_secret(&mut reader);
        let gate_redirect = reader.flag("CHAT_GATE_REDIRECT");
        let allowed_users = allowed_users(&mut reader);
        let day = 24 * 60 * 60;
        let session_lifetime = reader.number("CHAT_SESSION_SECONDS", day, 1..=400 * day);
        let cookie_path = cookie_path(&mut reader, public.as_ref());
        let history_dir = reader.path("CHAT_HISTORY_DIR").unwrap_or_else(|| PathBuf::from("/var/lib/chat/history"));
        let state_dir = reader.path("CHAT_STATE_DIR").unwrap_or_else(|| history_dir.with_file_name("state"));
        if state_dir == history_dir {
            reader.problem("CHAT_STATE_DIR", "it is CHAT_HISTORY_DIR; give it a folder of its own");
        }
        let grace = reader.number("CHAT_SHUTDOWN_SECONDS", 8, 0..=3600);
        let log_level = reader.parsed("CHAT_LOG", "`error`, `warn`, `info` or `debug`").unwrap_or_default();
        let limits = limits::Rules::read(&mut reader);
        let mut turn = turn::Settings::read(&mut reader);
        let actions = Arc::new(actions::Settings::read(&mut reader));
        turn.instructions = actions.instructions();
        let problems = reader.finish();
        match (public, forge, gate_secret) {
            (Some(public), Some(forge), Some(gate_secret)) if problems.is_empty() => Ok(Self {
                listen: SocketAddr::new(address, port),
                public,
                forge,
                gate_secret,
                gate_redirect,
                allowed_users,
                session_lifetime: Duration::from_secs(session_lifetime),
                cookie_path,
                history_dir,
                state_dir,
                grace: Duration::from_secs(grace),
                log_level,
                limits,
                turn,
                actions,
                bounds: socket::Bounds::default(),
                outbound: Outbound::default(),
                patience: client::PATIENCE,
            }),
            _ => Err(ConfigError { problems }),
        }
    }

    /// Whether somebody may use the service.
    pub fn allows(&self, user: &str) -> bool {
        self.allowed_users.contains(&user.to_ascii_lowercase())
    }
}

fn forge(reader: &mut Reader<'_>) -> Option<Forge> {
    let internal =
        reader.required_url("FORGE_URL", "the forge's address for this service, such as http://forgejo:3000");
    let public = reader.url("FORGE_PUBLIC_URL");
    let client_id =
        reader.required("CHAT_OAUTH_CLIENT_ID", "the id that the forge gave to the chat's OAuth application");
    let client_secret =
        reader.required("CHAT_OAUTH_CLIENT_SECRET", "the secret that the forge gave together with the id");
    let internal = internal?;
    let public = public.unwrap_or_else(|| internal.clone());
    Some(Forge { internal, public, client_id: client_id?, client_secret: Secret::new(client_secret?) })
}

fn gate_secret(reader: &mut Reader<'_>) -> Option<Secret> {
    let name = "FORWARD_AUTH_SECRET";
    let value = reader.required(name, "the secret that the edge sends with each question to the gate")?;
    // What templates leave behind when they have nothing to fill in; everybody knows it.
    if value.starts_with('<') || value.contains("${") {
        reader
            .problem(name, "a template's placeholder stands there; generate a secret, and give the edge the same one");
    } else if value.len() < SECRET_MIN {
        reader.problem(name, format!("expected at least {SECRET_MIN} bytes, found {}", value.len()));
    } else if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        reader.problem(name, "it travels in a header field: expected visible ASCII characters without spaces");
    }
    Some(Secret::new(value))
}

fn allowed_users(reader: &mut Reader<'_>) -> BTreeSet<String> {
    let name = "DISINTO_CHAT_ALLOWED_USERS";
    let Some(value) = reader.required(name, "the forge's names of those who may use the chat, with commas between")
    else {
        return BTreeSet::new();
    };
    let users: BTreeSet<String> =
        value.split(',').map(|user| user.trim().to_ascii_lowercase()).filter(|user| !user.is_empty()).collect();
    for user in users.iter().filter(|user| !crate::session::is_name(user)) {
        reader.problem(name, format!("`{}` can't be a forge's user name", user.escape_debug()));
    }
    if users.is_empty() {
        reader.problem(name, "expected at least one name, found only commas");
    }
    users
}

/// A cookie that isn't sent to every path of the service signs nobody in.
fn cookie_path(reader: &mut Reader<'_>, public: Option<&Public>) -> String {
    // Without an address there is nothing to hold a path against, and the address is what is wrong.
    let default = public.map(Public::prefix).filter(|prefix| !prefix.is_empty()).unwrap_or("/");
    let Some(given) = reader.get("CHAT_COOKIE_PATH").map(ToOwned::to_owned) else { return default.to_owned() };
    let covers = given == "/"
        || default == given
        || default.strip_prefix(given.as_str()).is_some_and(|rest| rest.starts_with('/'));
    if public.is_some() && !covers || given.contains([';', ',', ' ']) {
        reader.problem("CHAT_COOKIE_PATH", format!("expected `/` or a path at or above `{default}`"));
    }
    given
}
