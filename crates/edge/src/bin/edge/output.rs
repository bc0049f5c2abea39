//! Where a rendered text goes.

use std::io::{ErrorKind, Write};
use std::path::Path;

use routes::{caddyfile, environment, nomad};

use crate::args::Target;
use crate::exit::Failure;

/// To standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::usage(format!("error: standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// To a file. One that this program rendered is written anew, any other only if `force` says so: rendering must be a matter of
/// course after each change, and must not cost anybody a file of their own.
///
/// It is written in place, because a container that has a file bound sees a renamed one never.
pub(crate) fn write(path: &Path, text: &str, target: Target, force: bool) -> Result<(), Failure> {
    let refuse = |why: String| Failure::usage(format!("error: {}: {why}", path.display()));
    let say = |what: &str| {
        // A note for people; the file is there whether or not they hear of it.
        let _ = writeln!(std::io::stderr(), "{}: {what}", path.display());
    };
    match std::fs::read(path) {
        Ok(found) if found == text.as_bytes() => {
            say("is up to date");
            return Ok(());
        }
        Ok(found) if !force && !ours(&String::from_utf8_lossy(&found), target) => {
            return Err(refuse(
                "the file is there and was not rendered as this target; move it away, or write over it with --force"
                    .to_owned(),
            ));
        }
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(refuse(error.to_string())),
        _ => {}
    }
    std::fs::write(path, text).map_err(|error| refuse(error.to_string()))?;
    say("is written");
    Ok(())
}

fn ours(found: &str, target: Target) -> bool {
    match target {
        Target::Caddyfile => found.starts_with(caddyfile::MARK),
        Target::ComposeEnv => found.starts_with(environment::MARK),
        Target::Nomad => found.contains(nomad::MARK),
        // A template is there to be filled in, and nobody's settings are written over.
        Target::EnvTemplate => false,
    }
}
