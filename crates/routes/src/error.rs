//! What can be wrong with a site.

use std::fmt;

/// One thing that is wrong, by the name of the setting that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting: `origin.host`, `routes.forge.upstream`, `FORWARD_AUTH_SECRET`.
    pub setting: String,
    /// What was expected, what came, and what to do. Never a secret.
    pub message: String,
}

impl Problem {
    /// A problem with a setting.
    pub fn new(setting: impl Into<String>, message: impl Into<String>) -> Self {
        Self { setting: setting.into(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.setting, self.message)
    }
}

/// Why a site can't be served: everything that is wrong with it, at once. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", list(.problems))]
pub struct RouteError {
    /// What is wrong, in the order of the model.
    pub problems: Vec<Problem>,
}

impl From<Problem> for RouteError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}
