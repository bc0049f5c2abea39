//! `edge-smoke check`: validate files, run nothing.

use std::io::Write;

use scenario::Diagnostic;

use super::load;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::{CheckArgs, CommandError};

/// Reads the files, and says what is wrong with them.
///
/// # Errors
/// What is wrong with the files.
pub fn check(args: &CheckArgs, environment: &Environment) -> Result<Exit, CommandError> {
    let plans = load::plans(&args.files).map_err(|errors| wrong_files(&errors, environment.color_on_stderr()))?;
    let steps: usize = plans.iter().map(|plan| plan.steps.len()).sum();
    let scenarios = if plans.len() == 1 { "scenario" } else { "scenarios" };
    writeln!(std::io::stdout(), "{} {scenarios}, {steps} steps: all valid", plans.len())
        .map_err(|error| CommandError::broken(format!("error: standard output: {error}")))?;
    Ok(Exit::Pass)
}

/// All errors of all files, one below the other, with their number.
pub fn wrong_files(errors: &[Diagnostic], color: bool) -> CommandError {
    let mut text: String =
        errors.iter().map(|error| format!("{}\n", error.render(color).trim_end())).collect::<Vec<_>>().join("\n");
    let number = if errors.len() == 1 { "1 error".to_owned() } else { format!("{} errors", errors.len()) };
    text.push_str(&format!("\n{number}; nothing was run\n"));
    CommandError::usage(text)
}
