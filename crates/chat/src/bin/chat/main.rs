//! The program `chat`.

mod args;
mod exit;
mod healthcheck;
mod log;
mod serve;

use std::collections::BTreeMap;
use std::io::Write;

use clap::Parser;
use clap::error::ErrorKind;

use args::{Arguments, Command};
use exit::{Exit, Failure};

fn main() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked { Exit::Success } else { Exit::Usage };
        }
    };
    // A name or a value that isn't text is none of ours.
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let outcome = match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(&environment),
        Command::Healthcheck => healthcheck::run(&environment),
    };
    match outcome {
        Ok(()) => Exit::Success,
        Err(Failure { exit, text }) => {
            // Nothing is left to tell it to if standard error is closed.
            let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
            exit
        }
    }
}
