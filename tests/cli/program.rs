//! Runs the program, and shows all that it answers in one text fit for a snapshot.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// One call of the program, in a folder of its own.
pub(crate) struct Program {
    folder: TempDir,
    command: Command,
}

impl Program {
    /// The program with these arguments, in an empty folder, without anything of the environment that changes its ways.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_edge-smoke"));
        command.args(arguments).current_dir(folder.path()).env_clear();
        // No engine: what these tests say must not depend on one.
        command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
        Self { folder, command }
    }

    /// With a file in its folder.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// With a variable in its environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// The command, for who wants to start it by hand.
    pub(crate) fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    /// Runs it to its end.
    pub(crate) fn output(&mut self) -> Output {
        self.command.output().unwrap()
    }

    /// Runs it to its end; exit code, standard output and standard error as one text.
    pub(crate) fn answer(&mut self) -> String {
        shown(&self.output())
    }

    /// A file that it left behind.
    pub(crate) fn left(&self, name: &str) -> String {
        self.find(name).unwrap()
    }

    /// A file that it may have left behind.
    pub(crate) fn find(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join(name)).ok()
    }
}

/// Exit code, standard output and standard error as one text, with what differs from run to run replaced.
pub(crate) fn shown(output: &Output) -> String {
    let text = format!(
        "exit: {}\n----- stdout\n{}----- stderr\n{}",
        output.status.code().map_or("killed".to_owned(), |code| code.to_string()),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    filtered(&text)
}

/// Times, ports and the like, replaced.
pub(crate) fn filtered(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, replacement) in [
        (r"\b\d+(\.\d+)? (ms|s)\b", "[time]"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
        (r"127\.0\.0\.1%3A\d+", "127.0.0.1%3A[port]"),
        (r"edge\.test:\d+", "edge.test:[port]"),
        (r" +\[time\]", " [time]"),
        // How much had come when the limit was passed depends on the sizes of what was read at once.
        (r"1[56]\.\d MiB ·", "[almost 16 MiB] ·"),
        (r"edge-smoke \d+\.\d+\.\d+\S*", "edge-smoke [version]"),
        (r"edge-smoke/\d+\.\d+\.\d+\S*", "edge-smoke/[version]"),
    ] {
        text = regex::Regex::new(pattern).unwrap().replace_all(&text, replacement).into_owned();
    }
    text
}

/// The repository's own scenarios.
pub(crate) fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name)
}
