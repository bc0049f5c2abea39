//! `edge-smoke check`: validate files, run nothing.

use std::io::Write;
use std::path::PathBuf;

use scenario::Diagnostic;

use super::load;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::{CheckArgs, CommandError};

/// What is checked where nobody says what, as far as it is there.
const DEFAULT: [&str; 2] = ["scenarios", "faults"];

/// Reads the files, and says what is wrong with them.
///
/// # Errors
/// What is wrong with the files.
pub fn check(args: &CheckArgs, environment: &Environment) -> Result<Exit, CommandError> {
    let files = if args.files.is_empty() { default() } else { args.files.clone() };
    let load::All { plans, faults } =
        load::all(&files).map_err(|errors| wrong_files(&errors, environment.color_on_stderr()))?;
    let steps: usize = plans.iter().map(|plan| plan.steps.len()).sum();
    let steps = format!("{steps} {}", if steps == 1 { "step" } else { "steps" });
    let scenarios = format!("{} {}, {steps}", plans.len(), if plans.len() == 1 { "scenario" } else { "scenarios" });
    let faults = format!("{} {}", faults.len(), if faults.len() == 1 { "fault" } else { "faults" });
    let valid = match (plans.is_empty(), faults.starts_with("0 ")) {
        (_, true) => scenarios,
        (true, false) => faults,
        (false, false) => format!("{scenarios}; {faults}"),
    };
    writeln!(std::io::stdout(), "{valid}: all valid")
        .map_err(|error| CommandError::broken(format!("error: standard output: {error}")))?;
    Ok(Exit::Pass)
}

fn default() -> Vec<PathBuf> {
    let [scenarios, faults] = DEFAULT.map(PathBuf::from);
    // Who has scenarios needn't have faults.
    let faults = faults.is_dir().then_some(faults);
    std::iter::once(scenarios).chain(faults).collect()
}

/// All errors of all files, one below the other, with their number.
pub fn wrong_files(errors: &[Diagnostic], color: bool) -> CommandError {
    let mut text: String =
        errors.iter().map(|error| format!("{}\n", error.render(color).trim_end())).collect::<Vec<_>>().join("\n");
    let number = if errors.len() == 1 { "1 error".to_owned() } else { format!("{} errors", errors.len()) };
    text.push_str(&format!("\n{number}; nothing was run\n"));
    CommandError::usage(text)
}
