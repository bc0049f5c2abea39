//! The program `edge`: renders what follows from the settings of an edge, and says what is stale.

mod args;
mod check;
mod exit;
mod input;
mod output;
mod render;

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
    let environment = input::of_process(std::env::vars_os());
    let result = match arguments.command {
        Command::Render(render) => render::run(&render, environment),
        Command::Check(check) => check::run(&check, environment),
    };
    result.unwrap_or_else(|Failure { exit, text }| {
        // Nothing is left to tell it to if standard error is closed.
        let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
        exit
    })
}
