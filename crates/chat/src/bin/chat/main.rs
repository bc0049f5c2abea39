//! The program `chat`.
//!
//! ```text
//! chat                          serves, by the settings in the environment
//! chat confine GRANTS -- COMMAND…   runs a command that gets at nothing but what is granted: how the service runs each turn
//! chat init                     asks whether the chat gets an identity of its own, and signs in with it
//! chat ask PROMPT               runs one turn by the settings of the service, and prints the answer as it comes
//! chat inside                   says as JSON what the container around it allows
//! chat healthcheck              exit code 0 where the service that listens on this machine answers /health
//! ```

mod ask;
mod healthcheck;
mod init;
mod inside;
mod serve;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

const USAGE: &str = "usage: chat [confine GRANTS -- COMMAND… | ask PROMPT | init | inside | healthcheck]";

/// The command line or a setting is wrong (`EX_USAGE` of sysexits).
const WRONG_USAGE: u8 = 64;

/// Names and values of the environment that are text.
type Values = BTreeMap<String, String>;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let text = |value: OsString| value.into_string().ok();
    let values: Values = std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect();
    match arguments.split_first() {
        // First of all, while there is one thread.
        Some((word, grants)) if word == "confine" => {
            fail(&format!("chat confine: {}", chat::confine::launch(grants)), 126)
        }
        None => serve::run(values),
        Some((word, [])) if word == "init" => init::run(&values),
        Some((word, [])) if word == "inside" => inside::run(&values),
        Some((word, [prompt])) if word == "ask" => ask::run(&values, prompt),
        Some((word, [part, targets])) if word == "inside" && part == "confined" => inside::run_confined(targets),
        Some((word, [])) if word == "healthcheck" => healthcheck::run(&values),
        Some(_) => fail(USAGE, WRONG_USAGE),
    }
}

fn fail(message: &str, code: u8) -> ExitCode {
    // Nothing is left to tell it to if standard error is closed.
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::from(code)
}
