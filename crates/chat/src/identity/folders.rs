//! The folders of an identity.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The chat's own identity, in a person's home.
pub(super) const DEFAULT: &str = ".claude-chat";

/// The command's configuration, in it.
pub(super) const CONFIG: &str = "config";

/// Credentials, in the configuration.
pub(super) const CREDENTIALS: &str = "credentials";

/// The folders of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// Where the command keeps what it keeps.
    pub config: PathBuf,
    /// Where it keeps who it is; in the former.
    pub credentials: PathBuf,
}

impl Folders {
    /// The folders of the identity at `root`.
    pub fn below(root: &Path) -> Self {
        let config = root.join(CONFIG);
        Self { credentials: config.join(CREDENTIALS), config }
    }

    /// What the command is told of them.
    pub fn environment(&self) -> BTreeMap<String, OsString> {
        let pairs = [("CLAUDE_CONFIG_DIR", &self.config), ("CLAUDE_CREDENTIALS_DIR", &self.credentials)];
        pairs.into_iter().map(|(name, folder)| (name.to_owned(), folder.clone().into_os_string())).collect()
    }

    /// Makes them, for this process's user alone.
    ///
    /// # Errors
    /// They can't be made.
    pub fn make(&self) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        let builder = builder.recursive(true).mode(0o700);
        for folder in [&self.config, &self.credentials] {
            builder
                .create(folder)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", folder.display())))?;
        }
        Ok(())
    }
}
