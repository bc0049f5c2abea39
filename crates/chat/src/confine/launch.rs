//! The subcommand `confine`: gives up what isn't granted, and becomes the command.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::{Grants, restrict};

/// How much rather the kernel ends the command than the server where memory runs out, of 1000.
const OUT_OF_MEMORY_SCORE: &str = "500";

/// Takes the arguments after `confine`. Where all goes well it doesn't come back: this process is the command then.
///
/// It has to be called before the process has other threads.
pub fn launch(arguments: &[OsString]) -> String {
    let (grants, command) = match Grants::parse(arguments) {
        Ok(parsed) => parsed,
        Err(error) => return error,
    };
    let [program, arguments @ ..] = command else { return "expected a command".to_owned() };
    // A system without it has no say in what is ended.
    let _ = std::fs::write("/proc/self/oom_score_adj", OUT_OF_MEMORY_SCORE);
    if let Err(error) = restrict(&grants) {
        return error;
    }
    let error = Command::new(program).args(arguments).exec();
    format!("{}: {error}", program.display())
}
