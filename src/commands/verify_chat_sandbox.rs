//! `edge-smoke verify-chat-sandbox`: what the chat's container promises, and whether that is kept.

use std::io::Write;

use crate::cli::exit::Exit;
use crate::cli::{CommandError, SandboxFormat, VerifyChatSandboxArgs};
use crate::sandbox::{find, text};

/// Looks at the running container, from outside and from within, and prints each promise.
///
/// # Errors
/// There is no engine or no such container; standard output is closed.
pub async fn verify(args: &VerifyChatSandboxArgs) -> Result<Exit, CommandError> {
    let broken = |why: String| CommandError::broken(format!("error: {why}"));
    let verification = find::verify(args.container.as_deref()).await.map_err(broken)?;
    let shown = match args.format {
        SandboxFormat::Human => text::text(&verification),
        SandboxFormat::Json => {
            let text = serde_json::to_string_pretty(&verification).map_err(|error| broken(error.to_string()))?;
            format!("{text}\n")
        }
    };
    write!(std::io::stdout(), "{shown}").map_err(|error| broken(format!("standard output: {error}")))?;
    Ok(if verification.is_kept() { Exit::Pass } else { Exit::Fix })
}
