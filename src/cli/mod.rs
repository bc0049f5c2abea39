//! Flags, environment, exit codes: the only place that reads the environment.

mod args;
pub mod environment;
pub mod exit;

use std::ffi::OsString;
use std::io::Write;

use clap::Parser;
use clap::error::ErrorKind;

pub use args::{
    Arguments, CheckArgs, Command, ExplainArgs, FaultStack, FaultsArgs, ImageChoice, ImagesAction, MergeArgs,
    PivotArgs, RunArgs, SandboxFormat, SchemaName, ScoreFormat, StackChoice, VerifyChatSandboxArgs, read_secret,
};
use exit::Exit;

use crate::commands;
use environment::Environment;

/// Runs the program with these arguments, and gives the exit code.
pub async fn main(arguments: impl IntoIterator<Item = OsString>, environment: Environment) -> Exit {
    let parsed = match Arguments::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(error) => return refuse(&error),
    };
    let result = match parsed.command {
        None => commands::run::run(parsed.run, &environment).await,
        Some(Command::Run(run)) => commands::run::run(*run, &environment).await,
        Some(Command::Check(check)) => commands::check::check(&check, &environment),
        Some(Command::Faults(faults)) => commands::faults::faults(faults, &environment).await,
        Some(Command::Images(images)) => commands::images::images(images.action, &environment).await,
        Some(Command::Pivot(pivot)) => commands::pivot::pivot(pivot, &environment).await,
        Some(Command::Explain(explain)) => commands::explain::explain(&explain, &environment),
        Some(Command::VerifyChatSandbox(verify)) => commands::verify_chat_sandbox::verify(&verify).await,
        Some(Command::Schema(schema)) => commands::schema::schema(schema.name),
        Some(Command::Merge(merge)) => commands::merge::merge(&merge, &environment),
    };
    result.unwrap_or_else(|error| {
        // Nothing is left to tell it to if standard error is closed.
        let _ = writeln!(std::io::stderr(), "{}", error.text.trim_end());
        error.exit
    })
}

/// Help and version are answers, anything else is a wrong command line.
fn refuse(error: &clap::Error) -> Exit {
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Pass,
        _ => Exit::Usage,
    }
}

/// Why a command ended without doing its work.
#[derive(Debug)]
pub struct CommandError {
    /// The whole message, ready for standard error.
    pub text: String,
    /// The exit code.
    pub exit: Exit,
}

impl CommandError {
    /// The command line or a file is wrong.
    pub fn usage(text: impl Into<String>) -> Self {
        Self { text: text.into(), exit: Exit::Usage }
    }

    /// The harness, or the machine that it runs on, failed.
    pub fn broken(text: impl Into<String>) -> Self {
        Self { text: text.into(), exit: Exit::Inconclusive }
    }
}
