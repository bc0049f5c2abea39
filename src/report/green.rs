//! The last run in which all was well, kept beside the reports: what a later one that fails is compared with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use verdict::evidence::{Outcome, StackFacts, StackKind};
use verdict::{Verdict, changes};

use super::files::{WriteError, write_into};
use super::model::{ReadError, Report};

/// The folder of such reports, inside the report folder.
const GREEN: &str = "green";
/// The file in each of its folders.
const FILE: &str = "report.json";

/// A report that is there and can't be used.
#[derive(Debug, thiserror::Error)]
pub enum GreenError {
    /// It can't be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It isn't one.
    #[error("{}: {source}", path.display())]
    Report {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ReadError,
    },
}

/// Reads a report.
///
/// # Errors
/// The file can't be read, or holds no report of this version.
pub fn read(path: &Path) -> Result<Report, GreenError> {
    let text = fs::read_to_string(path).map_err(|source| GreenError::File { path: path.to_owned(), source })?;
    Report::from_json(&text).map_err(|source| GreenError::Report { path: path.to_owned(), source })
}

/// The last green report on such a stack; none where none was kept.
///
/// # Errors
/// There is one, and it can't be used.
pub fn last(report_dir: &Path, stack: &StackFacts) -> Result<Option<Report>, GreenError> {
    match read(&folder(report_dir, stack).join(FILE)) {
        Ok(report) => Ok(Some(report)),
        Err(GreenError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Keeps the report if all was well in it. One that leaves out a scenario of the one that is kept, as a run of a single file does,
/// doesn't take its place: `is_there` says whether a scenario's file still is.
///
/// # Errors
/// It can't be written.
pub fn keep(report_dir: &Path, report: &Report, is_there: &dyn Fn(&str) -> bool) -> Result<(), WriteError> {
    let Some(stack) = report.stack.as_ref().filter(|_| report.verdict == Verdict::Pass) else { return Ok(()) };
    // One that can't be used any more is no loss.
    let kept = last(report_dir, stack).ok().flatten();
    let ran = |file: &str, name: &str| report.scenarios.iter().any(|it| it.file == file && it.name == name);
    let is_partial = kept.is_some_and(|kept| {
        let passed = kept.scenarios.iter().filter(|journey| journey.outcome == Outcome::Passed);
        passed.into_iter().any(|journey| is_there(&journey.file) && !ran(&journey.file, &journey.name))
    });
    if is_partial {
        return Ok(());
    }
    let Ok(json) = report.to_json() else { return Ok(()) };
    write_into(&folder(report_dir, stack), &[(FILE, &json)]).map(drop)
}

/// What is otherwise in a report than in an earlier one, where both had a stack and a scenario fails that passed then.
pub fn since(green: &Report, report: &Report) -> Option<changes::Changes> {
    let run = |report: &'_ Report| report.stack.clone().map(|stack| (stack, report.scenarios.clone()));
    let ((then, before), (now, after)) = (run(green)?, run(report)?);
    let began = green.started.to_string();
    let changes = changes::since(
        began,
        changes::Run { stack: &then, journeys: &before },
        changes::Run { stack: &now, journeys: &after },
    );
    (!changes.scenarios.is_empty()).then_some(changes)
}

/// Reports on stacks of different kinds, modes or schemes say nothing of each other, nor do those of different sites.
fn folder(report_dir: &Path, stack: &StackFacts) -> PathBuf {
    let mut name = format!("{}-{}", stack.kind.as_str(), stack.mode.as_str());
    let (scheme, authority) = stack.base_url.split_once("://").unwrap_or(("", &stack.base_url));
    if scheme == "https" {
        name.push_str("-https");
    }
    if stack.kind == StackKind::External {
        let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' };
        name.push('-');
        name.extend(authority.chars().map(plain));
    }
    report_dir.join(GREEN).join(name)
}
