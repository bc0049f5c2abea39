//! `edge-smoke merge`: one report of the shards of a run.

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::{CommandError, MergeArgs};
use crate::report::{self, Format, Report};

/// Reads the reports, merges them, and shows the result.
///
/// # Errors
/// A report that can't be read, or reports that don't belong together.
pub fn merge(args: &MergeArgs, environment: &Environment) -> Result<Exit, CommandError> {
    let mut parts = Vec::new();
    for file in &args.reports {
        let wrong = |reason: String| CommandError::usage(format!("error: {}: {reason}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
        parts.push(Report::from_json(&text).map_err(|error| wrong(error.to_string()))?);
    }
    let merged = report::merge(parts).map_err(|error| CommandError::usage(format!("error: {error}")))?;
    let exit = super::run::exit_of(merged.verdict);
    super::run::reporters(Format::Human, environment)
        .finish(&merged, &args.report_dir)
        .map_err(|error| CommandError::broken(format!("error: {error}")))?;
    report::green::keep(&args.report_dir, &merged, &|file| std::path::Path::new(file).exists())
        .map_err(|error| CommandError::broken(format!("error: {error}")))?;
    Ok(exit)
}
