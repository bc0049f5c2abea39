//! What the environment says, read once.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use crate::report::Annotations;

/// The environment as far as the program heeds it.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// All variables whose names and values are text: where `--secret` and image names are looked up.
    pub variables: BTreeMap<String, String>,
    /// Standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Standard error is a terminal.
    pub stderr_is_terminal: bool,
}

impl Environment {
    /// Reads it.
    pub fn read() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            variables: std::env::vars_os().filter_map(text).collect(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Colours are wanted on standard output: a terminal, and no `NO_COLOR` (no-color.org).
    pub fn color(&self) -> bool {
        self.stdout_is_terminal
            && !self.is_set("NO_COLOR")
            && self.variables.get("TERM").is_none_or(|term| term != "dumb")
    }

    /// The same on standard error.
    pub fn color_on_stderr(&self) -> bool {
        self.stderr_is_terminal && !self.is_set("NO_COLOR")
    }

    /// Cells in a line: what the shell says in `COLUMNS`, else 100.
    pub fn width(&self) -> usize {
        self.variables.get("COLUMNS").and_then(|columns| columns.parse().ok()).unwrap_or(100)
    }

    /// What reads the log besides people: GitHub Actions, or another CI.
    pub fn annotations(&self) -> Annotations {
        match (self.is_set("GITHUB_ACTIONS"), self.is_set("CI")) {
            (true, _) => Annotations::Github,
            (false, true) => Annotations::Lines,
            (false, false) => Annotations::None,
        }
    }

    fn is_set(&self, name: &str) -> bool {
        self.variables.get(name).is_some_and(|value| !value.is_empty())
    }
}
