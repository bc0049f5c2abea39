//! A folder of its own for what a turn puts aside, gone with the turn.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// The folder. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// Makes one below `parent`, for this process's user alone.
    pub(super) fn new(parent: &Path) -> io::Result<Self> {
        let path = parent.join(format!("turn-{}", Uuid::new_v4().simple()));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What can't be removed is in a tmpfs, and goes with the container.
        let _ = fs::remove_dir_all(&self.0);
    }
}
