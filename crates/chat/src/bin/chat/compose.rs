//! The chat's part of a Compose file.

use std::io::Write;

use chat::identity::forbidden;

use crate::Values;
use crate::exit::{Exit, Failure};

/// Prints it.
pub(crate) fn run(values: &Values) -> Result<(), Failure> {
    let part = chat::compose::part(values, &forbidden::resolve);
    let part = part
        .map_err(|problem| Failure { exit: Exit::Usage, text: format!("{}: {}", problem.setting, problem.message) })?;
    std::io::stdout().write_all(part.as_bytes()).map_err(Failure::of)
}
