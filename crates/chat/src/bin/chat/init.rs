//! An identity of the chat's own.

use std::process::Command;

use chat::identity::init;

use crate::Values;
use crate::exit::Failure;

/// Asks at the terminal, and runs the command's own login.
pub(crate) fn run(values: &Values) -> Result<(), Failure> {
    let command = values.get("CHAT_CLAUDE_COMMAND").filter(|command| !command.is_empty());
    let command = command.map_or("claude", String::as_str);
    let mut login = |folders: &chat::identity::Folders| {
        // With the person's own environment: the login opens a browser.
        Command::new(command).args(["auth", "login"]).envs(folders.environment()).status()
    };
    init::run(values, &mut std::io::stdin().lock(), &mut std::io::stdout().lock(), &mut login)
        .map(drop)
        .map_err(|why| Failure::of(format!("chat init: {why}")))
}
