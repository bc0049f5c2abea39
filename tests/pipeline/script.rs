//! Runs a script of the pipeline under `sh`, with nothing in its environment but what is given.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// One call of a script, in a folder of its own.
pub(crate) struct Script {
    folder: TempDir,
    command: Command,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    /// Standard output, then standard error.
    pub(crate) text: String,
}

impl Script {
    pub(crate) fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("sh");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(".woodpecker").join(name));
        command.current_dir(folder.path()).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        // Loopback is never a proxy's business.
        command.env("NO_PROXY", "*");
        Self { folder, command }
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
        self
    }

    /// With a program that writes its arguments down, a line each, and ends with a code.
    pub(crate) fn program(self, name: &str, help: &str, code: i32) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let text = format!(
            "#!/bin/sh\nif [ \"$1\" = --help ]; then cat <<'END'\n{help}\nEND\nexit 0; fi\n\
             printf '%s\\n' \"$@\" >arguments\nexit {code}\n"
        );
        let this = self.file(name, &text);
        fs::set_permissions(this.path(name), fs::Permissions::from_mode(0o755)).expect("permissions");
        this
    }

    /// With the folder's own programs before all others.
    pub(crate) fn own_programs_first(mut self) -> Self {
        let path = std::env::var("PATH").unwrap_or_default();
        self.command.env("PATH", format!("{}:{path}", self.folder.path().display()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn run(&mut self) -> Answer {
        let output = self.command.output().expect("sh");
        let text = [output.stdout, output.stderr].concat();
        Answer { code: output.status.code(), text: String::from_utf8(text).expect("UTF-8") }
    }

    /// The arguments of the program that was run; `None` where it wasn't.
    pub(crate) fn arguments(&self) -> Option<Vec<String>> {
        let text = fs::read_to_string(self.path("arguments")).ok()?;
        Some(text.lines().map(str::to_owned).collect())
    }
}
