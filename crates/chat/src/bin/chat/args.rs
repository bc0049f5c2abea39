//! The command line. All settings come from the environment.

use clap::{Parser, Subcommand};

/// A chat with the claude command, for people who are signed in at the forge.
#[derive(Debug, Parser)]
#[command(name = "chat", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves the chat; what happens without a command, too
    Serve,
    /// Asks the service on this machine whether it is ready (CHAT_PORT)
    Healthcheck,
}
