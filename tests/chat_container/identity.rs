//! An identity of the chat's own, as `chat init` leaves one behind.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use serde_json::json;

/// The token of who has signed in with it.
pub(crate) const ACCESS_TOKEN: &str = "sk-ant-oat01-of-a-test";

/// The user of the chat's container.
const USER: u32 = 1000;

/// A folder that is mounted into the container.
pub(crate) struct Identity {
    folder: tempfile::TempDir,
}

impl Identity {
    /// One with which nobody has signed in yet.
    pub(crate) fn new() -> Self {
        let identity = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(identity.source()).unwrap();
        given(&identity.source());
        identity
    }

    pub(crate) fn source(&self) -> PathBuf {
        self.folder.path().join(".claude-chat")
    }

    /// The option with which it is mounted where it belongs.
    pub(crate) fn mount(&self) -> String {
        format!("{}:/home/chat/.claude-chat", self.source().display())
    }

    /// What the command's own login leaves.
    pub(crate) fn sign_in(&self) {
        let credentials = json!({ "claudeAiOauth": {
            "accessToken": ACCESS_TOKEN, "refreshToken": "sk-ant-ort01-of-a-test", "expiresAt": 4_102_444_800_000_u64,
            "scopes": ["user:inference", "user:profile"], "subscriptionType": "max",
        } });
        let config = self.source().join("config");
        std::fs::create_dir_all(&config).unwrap();
        std::fs::write(self.file(), credentials.to_string()).unwrap();
        given(&config);
        given(&self.file());
    }

    /// What is there of them now.
    pub(crate) fn credentials(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap()
    }

    fn file(&self) -> PathBuf {
        self.source().join("config/.credentials.json")
    }
}

fn given(path: &Path) {
    chown(path, Some(USER), Some(USER)).unwrap();
}
