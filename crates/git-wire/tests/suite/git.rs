//! The program git, in a folder of its own.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A folder in which git runs, with no settings but its own.
pub(crate) struct Git(tempfile::TempDir);

impl Git {
    /// An empty repository. `None` says on standard error that there is no git, unless `EDGE_SMOKE_REQUIRE` names `git`: then it fails.
    pub(crate) fn new() -> Option<Self> {
        if Command::new("git").arg("--version").output().is_ok_and(|output| output.status.success()) {
            let git = Self(tempfile::tempdir().unwrap());
            git.run(&["init", "-q", "-b", "main"], b"");
            return Some(git);
        }
        let is_required =
            std::env::var("EDGE_SMOKE_REQUIRE").is_ok_and(|list| list.split(',').any(|name| name.trim() == "git"));
        assert!(!is_required, "EDGE_SMOKE_REQUIRE names git, but there is none on the PATH");
        // Past the capturing of the test harness: a skipped test must be seen.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no git here");
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// What it prints.
    pub(crate) fn run(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = Command::new("git")
            .args(arguments)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([("GIT_AUTHOR_NAME", "Ann"), ("GIT_AUTHOR_EMAIL", "ann@edge.test")])
            .envs([("GIT_COMMITTER_NAME", "Ann"), ("GIT_COMMITTER_EMAIL", "ann@edge.test")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // It may print before it has read all.
        let feeding = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        let _ = feeding.join().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// What it prints, as text without white space around it.
    pub(crate) fn say(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.run(arguments, b"")).unwrap().trim().to_owned()
    }
}
