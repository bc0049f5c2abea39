//! `edge-smoke explain`: what a finding means, how it is told, what to do.

use std::io::Write;

use scenario::decode::closest;
use verdict::rules::{rule, rules};

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::{CommandError, ExplainArgs};
use crate::report::explain;

/// Prints what there is to say of a code, or all codes.
///
/// # Errors
/// No finding has this code; standard output is closed.
pub fn explain(args: &ExplainArgs, environment: &Environment) -> Result<Exit, CommandError> {
    let text = match &args.code {
        None => explain::list(),
        Some(code) => {
            let found = rule(code).ok_or_else(|| CommandError::usage(unknown(code)))?;
            explain::rule(found, super::run::style(true, environment))
        }
    };
    write!(std::io::stdout(), "{text}")
        .map_err(|error| CommandError::broken(format!("error: standard output: {error}")))?;
    Ok(Exit::Pass)
}

fn unknown(code: &str) -> String {
    let codes = || rules().iter().map(|rule| rule.code);
    let cause_of = |code: &str| code.rsplit('/').next().map(str::to_owned);
    // Somebody who remembers the cause may have forgotten the area.
    let same_cause = codes().find(|known| cause_of(known) == cause_of(code));
    let help = match same_cause.or_else(|| closest(code, codes())) {
        Some(close) => format!("did you mean `{close}`?"),
        None => "`edge-smoke explain` lists all codes".to_owned(),
    };
    format!("error: no finding has the code `{}`\n  = help: {help}", code.escape_debug())
}
