//! What the container around it allows.

use std::io::Write;

use chat::inside::{Facts, attempts, promises};
use chat::turn::{Confined, Launcher, Settings};

use crate::Values;
use crate::exit::{Exit, Failure};

/// Looks around and tries things, and says what came of it as JSON: `{"promises": [{"name", "kept", "seen"}]}`.
pub(crate) fn run(values: &Values) -> Result<(), Failure> {
    let facts = Facts::gather(values, &try_confined);
    print(&serde_json::json!({ "promises": promises(&facts) }).to_string())
}

/// The part that runs confined, on the targets that it is given.
pub(crate) fn run_confined(targets: &str) -> Result<(), Failure> {
    let targets = serde_json::from_str(targets).map_err(|error| Failure {
        exit: Exit::Usage,
        text: format!("chat inside confined: expected targets: {error}"),
    })?;
    print(&serde_json::to_string(&attempts::all(&targets)).map_err(Failure::of)?)
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

fn print(text: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{text}").map_err(Failure::of)
}
