//! The files of a report.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The folder of the last run, inside the report folder.
const LATEST: &str = "latest";

/// A file of the report could not be written.
#[derive(Debug, thiserror::Error)]
#[error(
    "could not write {}: {source}; the verdict stands, choose a folder that can be written to with --report-dir",
    path.display()
)]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// Writes the files into `latest` in `report_dir`.
pub(super) fn write(report_dir: &Path, files: &[(&str, &str)]) -> Result<PathBuf, WriteError> {
    let folder = report_dir.join(LATEST);
    write_into(&folder, files)?;
    Ok(folder)
}

/// Writes the files into this folder, each in one go: whoever reads meanwhile finds the old file or the new one, never half
/// of one.
///
/// # Errors
/// The folder can't be made, or a file can't be written.
pub fn write_into(folder: &Path, files: &[(&str, &str)]) -> Result<(), WriteError> {
    fs::create_dir_all(folder).map_err(|source| WriteError { path: folder.to_owned(), source })?;
    for (name, content) in files {
        let path = folder.join(name);
        // The process's number keeps two runs that end at once out of each other's way.
        let unfinished = folder.join(format!(".{name}.{}", std::process::id()));
        let result = replace(&unfinished, &path, content);
        if let Err(source) = result {
            // Best effort: the error that counts is the one at hand.
            let _ = fs::remove_file(&unfinished);
            return Err(WriteError { path, source });
        }
    }
    Ok(())
}

fn replace(unfinished: &Path, path: &Path, content: &str) -> io::Result<()> {
    let mut file = fs::File::create(unfinished)?;
    file.write_all(content.as_bytes())?;
    drop(file);
    fs::rename(unfinished, path)
}
