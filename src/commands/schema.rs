//! `edge-smoke schema`: JSON Schemas for editors and consumers.

use std::io::Write;

use crate::cli::exit::Exit;
use crate::cli::{CommandError, SchemaName};

/// Prints a schema.
///
/// # Errors
/// Standard output is closed.
pub fn schema(name: SchemaName) -> Result<Exit, CommandError> {
    let schema = match name {
        SchemaName::Scenario => format!("{:#}", scenario::schema::scenario()),
        SchemaName::Fault => format!("{:#}", crate::fault::schema()),
        SchemaName::Report => {
            crate::report::schema().map_err(|error| CommandError::broken(format!("error: {error}")))?
        }
    };
    writeln!(std::io::stdout(), "{}", schema.trim_end())
        .map_err(|error| CommandError::broken(format!("error: standard output: {error}")))?;
    Ok(Exit::Pass)
}
