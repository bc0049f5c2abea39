//! One turn, for who wants to know whether the command answers.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use chat::config::Reader;
use chat::turn::{Happening, Launcher, Order, Settings, Turns};
use uuid::Uuid;

use crate::{Values, WRONG_USAGE, fail};

/// Runs it as the service does, and prints the answer as it comes.
pub(crate) fn run(values: &Values, prompt: &OsString) -> ExitCode {
    let Some(prompt) = prompt.to_str() else { return fail("chat ask: expected text", WRONG_USAGE) };
    let mut reader = Reader::new(values);
    let mut settings = Settings::read(&mut reader);
    if let Some(problem) = reader.finish().into_iter().next() {
        return fail(&format!("{}: {}", problem.setting, problem.message), WRONG_USAGE);
    }
    match std::env::current_exe() {
        Ok(program) => settings.launcher = Launcher::Program(program),
        Err(error) => return fail(&format!("the program's own file can't be found: {error}"), 1),
    }
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(ask(settings, prompt)),
        Err(error) => fail(&format!("there is no runtime: {error}"), 1),
    }
}

async fn ask(settings: Settings, prompt: &str) -> ExitCode {
    let order = Order {
        user: "operator".to_owned(),
        conversation: Uuid::new_v4(),
        resume: None,
        prompt: prompt.to_owned(),
        earlier: Vec::new(),
    };
    let mut turn = Turns::new(settings).start(order);
    while let Some(happening) = turn.happenings.recv().await {
        match happening {
            Happening::Token(text) => {
                let mut output = std::io::stdout();
                if output.write_all(text.as_bytes()).and_then(|()| output.flush()).is_err() {
                    return ExitCode::FAILURE;
                }
            }
            Happening::Finished { .. } => {
                let _ = writeln!(std::io::stdout());
                return ExitCode::SUCCESS;
            }
            Happening::Failed(error) => return fail(&format!("chat ask: {error}"), 1),
            _ => {}
        }
    }
    fail("chat ask: there was no answer", 1)
}
