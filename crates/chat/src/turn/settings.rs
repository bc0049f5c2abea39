//! How turns are run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{capacity, command};
use crate::config::Reader;
use crate::identity::Identity;
use crate::identity::forbidden::resolve;

/// What runs the command so that it is confined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Launcher {
    /// Nothing was said; no turn is run.
    #[default]
    Missing,
    /// This program, with the subcommand `confine`: the chat's own.
    Program(PathBuf),
    /// Nothing. For commands that stand in for the real one, in a test or beside a stack on one's own machine.
    Unconfined,
}

/// How turns are run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The command (`CHAT_CLAUDE_COMMAND`, by default `claude`): a path, or a name that is looked for in `PATH`.
    pub command: PathBuf,
    /// What confines it.
    pub launcher: Launcher,
    /// The folder that it works in (`CHAT_WORKSPACE_DIR`, by default `/workspace`).
    pub workspace: PathBuf,
    /// Folders of the service's own, which the command must not get at (`CHAT_HISTORY_DIR`, `CHAT_STATE_DIR`).
    pub private: Vec<PathBuf>,
    /// The model (`CHAT_CLAUDE_MODEL`); the command's own choice where there is none.
    pub model: Option<String>,
    /// Who it is to the API.
    pub identity: Identity,
    /// What it is told besides, before every prompt; nothing where it is empty.
    pub instructions: String,
    /// What it sees of the environment, beside what is made for it.
    pub environment: BTreeMap<String, String>,
    /// Where folders for temporary files are made (`TMPDIR`, by default `/tmp`).
    pub temporary: PathBuf,
    /// How many turns run at once (`CHAT_TURNS`, by default as many as fit into the container).
    pub slots: usize,
    /// How many may wait (`CHAT_TURNS_WAITING`).
    pub longest_line: usize,
    /// How long a turn may take (`CHAT_TURN_SECONDS`, by default 10 minutes).
    pub time: Duration,
    /// How long the command may take to end once it is told to.
    pub grace: Duration,
    /// How much it may print in all, in bytes.
    pub most: usize,
    /// How long an answer may be, in bytes.
    pub longest_answer: usize,
}

/// What a turn may print, in bytes.
const MOST: usize = 64 * 1024 * 1024;

/// What an answer may hold, in bytes.
const LONGEST_ANSWER: usize = 1024 * 1024;

impl Settings {
    /// Reads the room's settings; what is wrong with them is the reader's to collect.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let command = reader.get("CHAT_CLAUDE_COMMAND").unwrap_or("claude");
        let workspace = reader.path("CHAT_WORKSPACE_DIR").unwrap_or_else(|| PathBuf::from("/workspace"));
        let identity = Identity::read(reader);
        let private = private(reader, &workspace, &identity);
        let model = reader.get("CHAT_CLAUDE_MODEL").map(ToOwned::to_owned);
        if model.as_deref().is_some_and(|model| model.starts_with('-')) {
            reader.problem("CHAT_CLAUDE_MODEL", "expected a model's name or alias, found an option");
        }
        let fitting = capacity::slots(capacity::bounds()) as u64;
        let slots = reader.number("CHAT_TURNS", fitting, 1..=64);
        let longest_line = reader.number("CHAT_TURNS_WAITING", 32, 0..=10_000);
        let seconds = reader.number("CHAT_TURN_SECONDS", 600, 1..=24 * 60 * 60);
        Self {
            command: PathBuf::from(command),
            launcher: Launcher::Missing,
            workspace,
            private,
            model,
            identity,
            instructions: String::new(),
            environment: command::allowed(|name| reader.get(name).map(ToOwned::to_owned)),
            temporary: reader.path("TMPDIR").unwrap_or_else(|| PathBuf::from("/tmp")),
            slots: usize::try_from(slots).unwrap_or(1),
            longest_line: usize::try_from(longest_line).unwrap_or_default(),
            time: Duration::from_secs(seconds),
            grace: Duration::from_secs(3),
            most: MOST,
            longest_answer: LONGEST_ANSWER,
        }
    }
}

/// The service's own folders. What lies in the workspace, or in the command's configuration, can be read by whoever asks.
fn private(reader: &mut Reader<'_>, workspace: &Path, identity: &Identity) -> Vec<PathBuf> {
    let history = PathBuf::from(reader.get("CHAT_HISTORY_DIR").unwrap_or("/var/lib/chat/history"));
    let state = reader.get("CHAT_STATE_DIR").map_or_else(|| history.with_file_name("state"), PathBuf::from);
    let config = identity.config_dir();
    let inside = |folder: &Path, outer: &Path| resolve(folder).starts_with(resolve(outer));
    for (name, folder, others) in [
        ("CHAT_HISTORY_DIR", history.as_path(), [workspace, config].as_slice()),
        ("CHAT_STATE_DIR", &state, &[workspace, config]),
        ("CLAUDE_CONFIG_DIR", config, &[workspace]),
    ] {
        if let Some(outer) = others.iter().find(|outer| inside(folder, outer)) {
            reader.problem(
                name,
                format!("{} is inside {}: the command could read it", folder.display(), outer.display()),
            );
        }
    }
    vec![history, state]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(values: &[(&str, &str)]) -> Vec<String> {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut reader = Reader::new(&values);
        Settings::read(&mut reader);
        reader.finish().into_iter().map(|problem| problem.setting).collect()
    }

    #[test]
    fn what_is_the_service_s_own_lies_where_the_command_has_no_business() {
        for (values, expected) in [
            (&[][..], &[][..]),
            (&[("CHAT_WORKSPACE_DIR", "/srv/tree"), ("CHAT_HISTORY_DIR", "/srv/tree-history/h")], &[]),
            (
                &[("CHAT_WORKSPACE_DIR", "/srv/tree"), ("CHAT_HISTORY_DIR", "/srv/tree/h")],
                &["CHAT_HISTORY_DIR", "CHAT_STATE_DIR"],
            ),
            // Also by default.
            (&[("CHAT_WORKSPACE_DIR", "/var/lib/chat")], &["CHAT_HISTORY_DIR", "CHAT_STATE_DIR"]),
            (&[("CHAT_WORKSPACE_DIR", "/")], &["CHAT_HISTORY_DIR", "CHAT_STATE_DIR", "CLAUDE_CONFIG_DIR"]),
            (&[("CHAT_WORKSPACE_DIR", "/home/chat"), ("HOME", "/home/chat")], &["CLAUDE_CONFIG_DIR"]),
            (&[("CHAT_CLAUDE_DIR", "/srv/id"), ("CHAT_STATE_DIR", "/srv/id/config/state")], &["CHAT_STATE_DIR"]),
        ] {
            assert_eq!(problems(values), expected, "{values:?}");
        }
    }
}
