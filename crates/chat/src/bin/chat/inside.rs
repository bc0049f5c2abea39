//! What the container around it allows.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use chat::inside::{Facts, attempts, promises};
use chat::turn::{Confined, Launcher, Settings};

use crate::{Values, WRONG_USAGE, fail};

/// Looks around and tries things, and says what came of it as JSON: `{"promises": [{"name", "kept", "seen"}]}`.
pub(crate) fn run(values: &Values) -> ExitCode {
    let facts = Facts::gather(values, &try_confined);
    print(&serde_json::json!({ "promises": promises(&facts) }).to_string())
}

/// The part that runs confined, on the targets that it is given.
pub(crate) fn run_confined(targets: &OsString) -> ExitCode {
    let targets = targets.to_str().and_then(|text| serde_json::from_str(text).ok());
    let Some(targets) = targets else { return fail("chat inside confined: expected targets", WRONG_USAGE) };
    match serde_json::to_string(&attempts::all(&targets)) {
        Ok(text) => print(&text),
        Err(error) => fail(&error.to_string(), 1),
    }
}

fn try_confined(settings: &Settings, targets: &attempts::Targets) -> Result<Vec<attempts::Attempt>, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut settings = settings.clone();
    settings.launcher = Launcher::Program(program.clone());
    let targets = serde_json::to_string(targets).map_err(|error| error.to_string())?;
    let line = vec!["inside".to_owned(), "confined".to_owned(), targets];
    let output = Confined::new(&settings, &program, line)?.output()?;
    serde_json::from_slice(&output).map_err(|error| format!("it says nothing that can be read: {error}"))
}

fn print(text: &str) -> ExitCode {
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string(), 1),
    }
}
