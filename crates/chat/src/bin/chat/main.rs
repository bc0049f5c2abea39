//! The program `chat`.

mod args;
mod ask;
mod compose;
mod exit;
mod healthcheck;
mod init;
mod inside;
mod log;
mod open_files;
mod serve;

use std::collections::BTreeMap;
use std::io::Write;

use clap::Parser;
use clap::error::ErrorKind;

use args::{Arguments, Command, Inside};
use exit::{Exit, Failure};

/// Names and values of the environment that are text. Others are none of ours.
type Values = BTreeMap<String, String>;

fn main() -> Exit {
    // First of all, while there is one thread, and past everything that reads a command line: what follows is another program's.
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == "confine") {
        let why = chat::confine::launch(&words.collect::<Vec<_>>());
        return ended(Err(Failure { exit: Exit::NotExecuted, text: format!("chat confine: {why}") }));
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked { Exit::Success } else { Exit::Usage };
        }
    };
    let text = |value: std::ffi::OsString| value.into_string().ok();
    let environment: Values =
        std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect();
    ended(match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(&environment),
        Command::Healthcheck => healthcheck::run(&environment),
        Command::Compose => compose::run(&environment),
        Command::Init => init::run(&environment),
        Command::Ask { prompt } => ask::run(&environment, &prompt),
        Command::Inside { part: None } => inside::run(&environment),
        Command::Inside { part: Some(Inside::Confined { targets }) } => inside::run_confined(&targets),
    })
}

fn ended(outcome: Result<(), Failure>) -> Exit {
    match outcome {
        Ok(()) => Exit::Success,
        Err(Failure { exit, text }) => {
            // Nothing is left to tell it to if standard error is closed.
            let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
            exit
        }
    }
}
