//! A workspace, a command, and what comes of a turn.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat::config::Reader;
use chat::turn::{Happening, Launcher, Order, Settings, Turn, Turns};
use tempfile::TempDir;
use uuid::Uuid;

/// How long a turn may take that ends.
const SOON: Duration = Duration::from_secs(60);

/// Folders as in the container: a workspace, an identity, and what isn't the command's business.
pub(crate) struct Ground {
    pub(crate) folder: TempDir,
    pub(crate) settings: Settings,
    values: BTreeMap<String, String>,
}

impl Ground {
    /// With these settings besides.
    pub(crate) fn new(more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["workspace", "state", "tmp"] {
            std::fs::create_dir(path(name)).unwrap();
        }
        let mut values: BTreeMap<String, String> = [
            ("CHAT_WORKSPACE_DIR", path("workspace")),
            ("CHAT_CLAUDE_DIR", path("identity")),
            ("HOME", path("home")),
            ("TMPDIR", path("tmp")),
        ]
        .map(|(name, path)| (name.to_owned(), path.display().to_string()))
        .into();
        values.insert("ANTHROPIC_API_KEY".to_owned(), "sk-ant-test".to_owned());
        values.insert("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned());
        for (name, value) in more {
            values.insert((*name).to_owned(), (*value).to_owned());
        }
        let mut settings = settings_of(&values);
        settings.launcher = Launcher::Unconfined;
        settings.grace = Duration::from_millis(500);
        Self { folder, settings, values }
    }

    /// Its settings without one of them.
    pub(crate) fn values_without(&self, name: &str) -> BTreeMap<String, String> {
        let mut values = self.values.clone();
        values.remove(name);
        values
    }

    /// The command is this shell script, in a folder of its own.
    pub(crate) fn script(mut self, script: &str) -> Self {
        let bin = self.path("bin");
        std::fs::create_dir_all(&bin).unwrap();
        let command = bin.join("claude");
        std::fs::write(&command, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&command, std::fs::Permissions::from_mode(0o755)).unwrap();
        self.settings.command = command;
        self
    }

    /// The service's own launcher.
    pub(crate) fn confined(mut self) -> Self {
        self.settings.launcher = Launcher::Program(PathBuf::from(env!("CARGO_BIN_EXE_chat")));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn turns(&self) -> Turns {
        Turns::new(self.settings.clone())
    }

    /// One turn, to its end.
    pub(crate) async fn ask(&self, prompt: &str) -> Vec<Happening> {
        all(self.turns().start(order(prompt))).await
    }
}

pub(crate) fn settings_of(values: &BTreeMap<String, String>) -> Settings {
    let mut reader = Reader::new(values);
    let settings = Settings::read(&mut reader);
    assert_eq!(reader.finish(), []);
    settings
}

pub(crate) fn order(prompt: &str) -> Order {
    Order {
        user: "smoke".to_owned(),
        conversation: Uuid::new_v4(),
        resume: None,
        prompt: prompt.to_owned(),
        earlier: Vec::new(),
    }
}

/// Everything that happens in a turn. It has one end, which is the last thing.
pub(crate) async fn all(mut turn: Turn) -> Vec<Happening> {
    let mut happenings = Vec::new();
    while let Some(happening) = tokio::time::timeout(SOON, turn.happenings.recv()).await.expect("the turn goes on") {
        happenings.push(happening);
    }
    let ends = happenings.iter().filter(|happening| happening.is_end()).count();
    assert!(ends == 1 && happenings.last().is_some_and(Happening::is_end), "{happenings:?}");
    happenings
}

/// What was shown.
pub(crate) fn shown(happenings: &[Happening]) -> String {
    let token = |happening: &Happening| match happening {
        Happening::Token(text) => Some(text.clone()),
        _ => None,
    };
    happenings.iter().filter_map(token).collect()
}

/// The text in the end.
pub(crate) fn finished(happenings: &[Happening]) -> &str {
    match happenings.last() {
        Some(Happening::Finished { text, .. }) => text,
        _ => panic!("{happenings:?}"),
    }
}

/// Why it failed, in words.
pub(crate) fn failed(happenings: &[Happening]) -> String {
    match happenings.last() {
        Some(Happening::Failed(error)) => error.to_string(),
        _ => panic!("{happenings:?}"),
    }
}

pub(crate) fn session(happenings: &[Happening]) -> Option<Uuid> {
    happenings.iter().find_map(|happening| match happening {
        Happening::Session(session) => Some(*session),
        _ => None,
    })
}

/// Waits until a file is there, as the sign of a script.
pub(crate) async fn appears(path: &Path) {
    let seen = async {
        while !path.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, seen).await.unwrap_or_else(|_| panic!("{} doesn't come", path.display()));
}

/// The ids of processes whose environment or command line has this text in it.
pub(crate) fn processes_with(text: &str) -> Vec<String> {
    let has = |path: PathBuf| std::fs::read(path).is_ok_and(|content| String::from_utf8_lossy(&content).contains(text));
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_other = name.parse::<u32>().is_ok_and(|id| id != std::process::id());
        if is_other && (has(entry.path().join("cmdline")) || has(entry.path().join("environ"))) {
            found.push(name);
        }
    }
    found
}
