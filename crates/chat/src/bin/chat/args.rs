//! The command line. All settings come from the environment.

use clap::{Parser, Subcommand};

/// A chat with the claude command, for people who are signed in at the forge.
#[derive(Debug, Parser)]
#[command(
    name = "chat",
    version,
    after_help = "`chat confine GRANTS -- COMMAND…` runs a command that gets at nothing but what is granted: how the service runs each turn."
)]
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
    /// Asks whether the chat gets an identity of its own, and signs in with it
    Init,
    /// Prints the chat's part of a Compose file, as the settings of this host want it (ANTHROPIC_API_KEY, CHAT_CLAUDE_DIR, CHAT_WORKSPACE_VOLUME)
    Compose,
    /// Says as JSON what the container around it allows
    Inside {
        #[command(subcommand)]
        part: Option<Inside>,
    },
    /// Runs one turn by the settings of the service, and prints the answer as it comes
    Ask {
        /// What is asked
        prompt: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Inside {
    /// The part of it that runs confined as a turn does
    #[command(hide = true)]
    Confined {
        /// What to try, as JSON
        targets: String,
    },
}
