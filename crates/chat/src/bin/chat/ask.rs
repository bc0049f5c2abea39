//! One turn, for who wants to know whether the command answers.

use std::io::Write;

use chat::config::{ConfigError, Reader};
use chat::turn::{Happening, Launcher, Order, Settings, Turns};
use uuid::Uuid;

use crate::Values;
use crate::exit::{Exit, Failure};

/// Runs it as the service does, and prints the answer as it comes.
pub(crate) fn run(values: &Values, prompt: &str) -> Result<(), Failure> {
    let mut reader = Reader::new(values);
    let mut settings = Settings::read(&mut reader);
    let problems = reader.finish();
    if !problems.is_empty() {
        return Err(Failure { exit: Exit::Usage, text: ConfigError { problems }.to_string() });
    }
    let program = std::env::current_exe();
    let program = program.map_err(|error| Failure::of(format!("the program's own file can't be found: {error}")))?;
    settings.launcher = Launcher::Program(program);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::of)?;
    runtime.block_on(ask(settings, prompt))
}

async fn ask(settings: Settings, prompt: &str) -> Result<(), Failure> {
    let order = Order {
        user: "operator".to_owned(),
        conversation: Uuid::new_v4(),
        resume: None,
        prompt: prompt.to_owned(),
        earlier: Vec::new(),
    };
    let mut turn = Turns::new(settings).start(order);
    let mut output = std::io::stdout();
    while let Some(happening) = turn.happenings.recv().await {
        match happening {
            Happening::Token(text) => {
                output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(Failure::of)?;
            }
            Happening::Finished { .. } => return writeln!(output).map_err(Failure::of),
            Happening::Failed(error) => return Err(Failure::of(format!("chat ask: {error}"))),
            _ => {}
        }
    }
    Err(Failure::of("chat ask: there was no answer"))
}
