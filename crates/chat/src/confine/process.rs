//! What the server does for itself.

use std::io;

/// Hides this process's memory and environment from other processes of the same user: `/proc/PID/environ` and `/proc/PID/mem` can't be opened any more, no debugger
/// attaches, and nothing is dumped.
///
/// # Errors
/// The kernel refuses.
#[cfg(target_os = "linux")]
pub fn hide_process() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Whether it is hidden.
///
/// # Errors
/// The kernel doesn't say.
#[cfg(target_os = "linux")]
pub fn is_hidden() -> io::Result<bool> {
    use rustix::process::{DumpableBehavior, dumpable_behavior};
    Ok(dumpable_behavior()? == DumpableBehavior::NotDumpable)
}

/// Nothing: other systems show no process's environment to another that isn't privileged, or have their own ways.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn hide_process() -> io::Result<()> {
    Ok(())
}

/// Whether it is hidden.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn is_hidden() -> io::Result<bool> {
    Ok(false)
}
