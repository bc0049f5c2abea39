//! Who the command is to the API: a key, or an identity of the chat's own that somebody signed in with.
//!
//! The chat never shares an identity with the agents. Whoever signs in by OAuth gets a token that is renewed now and then; the command's lock on that lies beside
//! its folder and not in it, so that two containers that share the folder throw each other out. There are two folders, then: the agents' and the chat's,
//! and no third.
//!
//! - [`Identity`]: what the service was given
//! - [`forbidden`]: folders that are the agents'
//! - [`plan`]: what a container of the chat needs to have the one or the other
//! - [`init`]: making the chat's own, and signing in with it

mod folders;
pub mod forbidden;
pub mod init;
pub mod plan;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

pub use folders::Folders;

/// The lock of an identity, in its configuration's folder: one user at a time.
pub(crate) const SESSION_LOCK: &str = "session.lock";

use crate::config::Reader;
use crate::secret::Secret;

/// Who the command is to the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    key: Option<Secret>,
    folders: Folders,
}

impl Identity {
    /// `ANTHROPIC_API_KEY`; `CLAUDE_CONFIG_DIR` and `CLAUDE_CREDENTIALS_DIR`, by default `config` and `config/credentials` in `CHAT_CLAUDE_DIR`, by default
    /// `~/.claude-chat`.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let home = reader.get("HOME").map_or_else(|| PathBuf::from("/home/chat"), PathBuf::from);
        let shared = reader.get("CLAUDE_SHARED_DIR").map(PathBuf::from);
        let root = reader.path("CHAT_CLAUDE_DIR").unwrap_or_else(|| home.join(folders::DEFAULT));
        let default = Folders::below(&root);
        let config = reader.path("CLAUDE_CONFIG_DIR").unwrap_or(default.config);
        let credentials = reader.path("CLAUDE_CREDENTIALS_DIR").unwrap_or_else(|| config.join(folders::CREDENTIALS));
        for (name, folder) in [("CLAUDE_CONFIG_DIR", &config), ("CLAUDE_CREDENTIALS_DIR", &credentials)] {
            if let Some(why) = forbidden::why(folder, &home, shared.as_deref(), &forbidden::resolve) {
                reader.problem(name, why);
            }
        }
        if !credentials.starts_with(&config) {
            reader.problem(
                "CLAUDE_CREDENTIALS_DIR",
                format!("expected a folder in CLAUDE_CONFIG_DIR, {}: the chat has one identity", config.display()),
            );
        }
        let key = reader.get("ANTHROPIC_API_KEY").map(Secret::new);
        Self { key, folders: Folders { config, credentials } }
    }

    /// Where the command keeps what it keeps.
    pub fn config_dir(&self) -> &Path {
        &self.folders.config
    }

    /// Whether its token is renewed by who uses it, so that there may be one user at a time.
    pub fn is_shared(&self) -> bool {
        self.key.is_none()
    }

    /// Makes the folders, for this process's user alone. Where they are kept in memory they are gone after each start.
    ///
    /// # Errors
    /// They can't be made.
    pub(crate) fn make_folders(&self) -> io::Result<()> {
        self.folders.make()
    }

    /// What the command is told of its folders.
    pub(crate) fn environment(&self) -> BTreeMap<String, OsString> {
        self.folders.environment()
    }

    /// A text without the key, should the command ever print it.
    pub(crate) fn without_key(&self, text: &str) -> String {
        match &self.key {
            Some(key) => text.replace(key.expose(), "***"),
            None => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&str, &str)]) -> (Identity, Vec<String>) {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut reader = Reader::new(&values);
        let identity = Identity::read(&mut reader);
        (
            identity,
            reader.finish().into_iter().map(|problem| format!("{}: {}", problem.setting, problem.message)).collect(),
        )
    }

    #[test]
    fn in_the_container_all_of_it_is_in_one_folder() {
        let (identity, problems) = read(&[("HOME", "/home/chat")]);
        assert!(problems.is_empty() && identity.is_shared());
        let environment = identity.environment();
        assert_eq!(environment["CLAUDE_CONFIG_DIR"], "/home/chat/.claude-chat/config");
        assert_eq!(environment["CLAUDE_CREDENTIALS_DIR"], "/home/chat/.claude-chat/config/credentials");
        let (identity, problems) =
            read(&[("CHAT_CLAUDE_DIR", "/srv/chat-identity"), ("ANTHROPIC_API_KEY", "sk-ant-1")]);
        assert!(problems.is_empty() && !identity.is_shared());
        assert_eq!(identity.config_dir(), Path::new("/srv/chat-identity/config"));
        assert_eq!(identity.without_key("bad key sk-ant-1!"), "bad key ***!");
        assert!(!format!("{identity:?}").contains("sk-ant"));
    }

    #[test]
    fn the_agents_folders_are_refused_and_so_is_a_third() {
        for (values, expected) in [
            (&[("HOME", "/home/op"), ("CLAUDE_CONFIG_DIR", "/home/op/.claude")][..], "CLAUDE_CONFIG_DIR: "),
            (&[("CLAUDE_CONFIG_DIR", "/var/lib/disinto/claude-shared/config")], "CLAUDE_CONFIG_DIR: "),
            (&[("HOME", "/home/op"), ("CHAT_CLAUDE_DIR", "/home/op/x/../.claude")], "CLAUDE_CONFIG_DIR: "),
            (&[("CLAUDE_CREDENTIALS_DIR", "/srv/credentials")], "CLAUDE_CREDENTIALS_DIR: expected a folder in"),
        ] {
            let (_, problems) = read(values);
            assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{values:?}: {problems:?}");
        }
    }
}
