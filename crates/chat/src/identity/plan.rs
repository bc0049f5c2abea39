//! What a container of the chat needs to have its identity: one mount, or none at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{folders, forbidden};
use crate::config::Problem;

/// Where the identity is inside the container.
pub const INSIDE: &str = "/home/chat/.claude-chat";

/// What a container of the chat needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// With `ANTHROPIC_API_KEY`: nothing is mounted. What the command keeps is kept in memory, and gone with the container.
    Key,
    /// The chat's own folder on the host is mounted at [`INSIDE`].
    Folder {
        /// The folder on the host.
        source: PathBuf,
    },
}

impl Plan {
    /// The plan for the settings of a host (`ANTHROPIC_API_KEY`, `CHAT_CLAUDE_DIR`, `CLAUDE_SHARED_DIR`, `HOME`). `resolve` follows links.
    ///
    /// # Errors
    /// The folder is the agents', or can't be told.
    pub fn of(values: &BTreeMap<String, String>, resolve: &dyn Fn(&Path) -> PathBuf) -> Result<Self, Problem> {
        let given = |name: &str| values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        if given("ANTHROPIC_API_KEY").is_some() {
            return Ok(Self::Key);
        }
        let source = Self::folder(values, resolve)?;
        Ok(Self::Folder { source })
    }

    /// The chat's own folder on this host.
    ///
    /// # Errors
    /// It is the agents', or can't be told.
    pub fn folder(values: &BTreeMap<String, String>, resolve: &dyn Fn(&Path) -> PathBuf) -> Result<PathBuf, Problem> {
        let given = |name: &str| values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        let problem = |message: String| Problem { setting: "CHAT_CLAUDE_DIR".to_owned(), message };
        let home = given("HOME").map(PathBuf::from);
        let folder = match (given("CHAT_CLAUDE_DIR"), &home) {
            // Shells do this before they hand a value on; files of settings don't.
            (Some(text), Some(home)) if text == "~" || text.starts_with("~/") => {
                home.join(text.trim_start_matches(['~', '/']))
            }
            (Some(text), _) => PathBuf::from(text),
            (None, Some(home)) => home.join(folders::DEFAULT),
            (None, None) => {
                return Err(problem("it is missing, and so is HOME: the chat's own folder can't be told".to_owned()));
            }
        };
        if !folder.is_absolute() {
            return Err(problem(format!("expected an absolute path, found `{}`", folder.display())));
        }
        if folder.to_string_lossy().contains([':', '\n']) {
            return Err(problem("a mount's path can't have a colon or a line break in it".to_owned()));
        }
        let home = home.unwrap_or_else(|| PathBuf::from("/root"));
        let shared = given("CLAUDE_SHARED_DIR").map(PathBuf::from);
        match forbidden::why(&folder, &home, shared.as_deref(), resolve) {
            Some(why) => Err(problem(why)),
            None => Ok(folder),
        }
    }

    /// What the command is told inside the container: the same in both cases.
    pub fn environment() -> BTreeMap<String, String> {
        let folders = folders::Folders::below(Path::new(INSIDE));
        folders.environment().into_iter().map(|(name, value)| (name, value.to_string_lossy().into_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(values: &[(&str, &str)]) -> Result<Plan, String> {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Plan::of(&values, &Path::to_owned).map_err(|problem| problem.message)
    }

    #[test]
    fn a_key_needs_no_mount_and_a_folder_is_the_chat_s_own() {
        let folder = |source: &str| Ok(Plan::Folder { source: source.into() });
        for (values, expected) in [
            (&[("HOME", "/home/op")][..], folder("/home/op/.claude-chat")),
            (&[("HOME", "/home/op"), ("CHAT_CLAUDE_DIR", "")], folder("/home/op/.claude-chat")),
            (&[("HOME", "/home/op"), ("CHAT_CLAUDE_DIR", "~/chat")], folder("/home/op/chat")),
            (&[("CHAT_CLAUDE_DIR", "/srv/chat")], folder("/srv/chat")),
            (&[("HOME", "/home/op"), ("ANTHROPIC_API_KEY", "sk-ant")], Ok(Plan::Key)),
            // With a key no folder is looked at at all.
            (
                &[("HOME", "/home/op"), ("ANTHROPIC_API_KEY", "sk-ant"), ("CHAT_CLAUDE_DIR", "/home/op/.claude")],
                Ok(Plan::Key),
            ),
        ] {
            assert_eq!(plan(values), expected, "{values:?}");
        }
    }

    #[test]
    fn the_agents_folders_and_nonsense_are_refused() {
        for (values, words) in [
            (&[("HOME", "/home/op"), ("CHAT_CLAUDE_DIR", "~/.claude")][..], "which the agents use"),
            (&[("HOME", "/home/op"), ("CHAT_CLAUDE_DIR", "/var/lib/disinto/claude-shared")], "which the agents use"),
            (&[("HOME", "/home/op"), ("CHAT_CLAUDE_DIR", "chat")], "expected an absolute path"),
            (&[("CHAT_CLAUDE_DIR", "/srv/a:b")], "colon"),
            (&[], "can't be told"),
        ] {
            let error = plan(values).unwrap_err();
            assert!(error.contains(words), "{values:?}: {error}");
        }
    }

    #[test]
    fn the_command_is_told_the_same_in_both_cases() {
        let environment = Plan::environment();
        assert_eq!(environment["CLAUDE_CONFIG_DIR"], "/home/chat/.claude-chat/config");
        assert_eq!(environment["CLAUDE_CREDENTIALS_DIR"], "/home/chat/.claude-chat/config/credentials");
    }
}
