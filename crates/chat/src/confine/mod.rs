//! What the command gets at: the launcher that confines it, and the server's own privacy.
//!
//! The server starts each command through itself, as `chat confine … -- COMMAND`: a fresh process that gives up what the command doesn't need and then becomes
//! it. What is given up stays given up, in everything that the command starts. Landlock decides over files by where they are, after links and `..`, so that
//! no spelling leads out; it also keeps the command from reading the memory and the environment of processes that aren't its own, and from signalling
//! them. A kernel without Landlock runs no command.
//!
//! - [`Grants`]: what a command gets at
//! - `system`: what every program needs of the system
//! - `landlock`: the rules, in the kernel's terms
//! - `launch`: the subcommand
//! - [`hide_process`]: what the server does for itself

mod grants;
#[cfg(target_os = "linux")]
mod landlock;
mod launch;
mod process;
mod system;

pub use grants::Grants;
pub use launch::launch;
pub use process::{hide_process, is_hidden};

/// Gives up, for this thread and what it starts, whatever isn't granted.
///
/// # Errors
/// The kernel has no Landlock, or refuses a rule.
#[cfg(target_os = "linux")]
pub fn restrict(grants: &Grants) -> Result<(), String> {
    landlock::restrict(grants)
}

/// Gives up, for this thread and what it starts, whatever isn't granted.
///
/// # Errors
/// Always: only Linux has Landlock.
#[cfg(not(target_os = "linux"))]
pub fn restrict(_: &Grants) -> Result<(), String> {
    Err("commands can be confined on Linux alone".to_owned())
}
