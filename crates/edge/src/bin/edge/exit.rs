//! How the program ends.

use std::process::{ExitCode, Termination};

use routes::RouteError;

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Success,
    /// Something is stale.
    Stale,
    /// The command line, a setting or a file is wrong.
    Usage,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(match self {
            Exit::Success => 0,
            Exit::Stale => 1,
            Exit::Usage => 64,
        })
    }
}

/// An end before the work was done.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// For standard error.
    pub(crate) text: String,
}

impl Failure {
    /// Something is wrong with what was given.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, text: text.into() }
    }
}

impl From<RouteError> for Failure {
    fn from(error: RouteError) -> Self {
        let lines: Vec<String> = error.problems.iter().map(|problem| format!("error: {problem}\n")).collect();
        Self::usage(lines.concat())
    }
}
