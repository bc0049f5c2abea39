//! How the program ends.

use std::process::{ExitCode, Termination};

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked, or was told to end and did.
    Success,
    /// It could not.
    Failure,
    /// The command line or a setting is wrong (`EX_USAGE` of sysexits).
    Usage,
    /// A command that was to be run confined could not be (as shells say it).
    NotExecuted,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 64,
            Self::NotExecuted => 126,
        })
    }
}

/// Why it could not, for people.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn of(error: impl std::fmt::Display) -> Self {
        Self { exit: Exit::Failure, text: error.to_string() }
    }
}
