//! Making an identity of the chat's own, and signing in with it.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::process::ExitStatus;

use super::plan::Plan;
use super::{Folders, forbidden};

/// What is asked.
pub const QUESTION: &str = "Use separate Anthropic identity for chat? (y/N) ";

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The person said no, or nothing.
    Declined,
    /// The folders are there, and somebody signed in with them.
    SignedIn(Folders),
}

/// Asks, makes the chat's own folder, and runs the command's own login there by `login`, which is given what to tell the command.
///
/// # Errors
/// The folder is the agents' or can't be made; the chat is using it; the login failed.
pub fn run(
    values: &BTreeMap<String, String>,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    login: &mut dyn FnMut(&Folders) -> io::Result<ExitStatus>,
) -> Result<Outcome, String> {
    let failed = |error: io::Error| error.to_string();
    write!(output, "{QUESTION}").and_then(|()| output.flush()).map_err(failed)?;
    let mut answer = String::new();
    // An end of input is an answer, too: no.
    input.read_line(&mut answer).map_err(failed)?;
    if !matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        writeln!(output, "No separate identity. The chat then needs ANTHROPIC_API_KEY.").map_err(failed)?;
        return Ok(Outcome::Declined);
    }
    let root = Plan::folder(values, &forbidden::resolve)
        .map_err(|problem| format!("{}: {}", problem.setting, problem.message))?;
    let folders = Folders::below(&root);
    folders.make().map_err(failed)?;
    let _lock = lock(&folders.config)?;
    writeln!(output, "Signing in with the identity in {}", folders.config.display()).map_err(failed)?;
    let status = login(&folders).map_err(|error| format!("the command's login can't be run: {error}"))?;
    if !status.success() {
        return Err(format!(
            "the command's login ended with {status}; {} stays as it is, and `chat init` can be run again",
            root.display()
        ));
    }
    Ok(Outcome::SignedIn(folders))
}

/// Nobody may be renewing the token that is about to be replaced.
fn lock(config: &Path) -> Result<std::fs::File, String> {
    let path = config.join(super::SESSION_LOCK);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|error| format!("{}: {error}", path.display()))?;
    file.try_lock()
        .map_err(|_| format!("{} is held: the chat is answering somebody; try again in a while", path.display()))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::*;

    /// Runs it with an answer, and a login that is this shell script.
    fn init(home: &Path, answer: &str, script: &str, folder: &str) -> (Result<Outcome, String>, String) {
        let pairs = [("HOME", home.to_str().unwrap()), ("CHAT_CLAUDE_DIR", folder)];
        let values = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let mut output = Vec::new();
        let mut login = |folders: &Folders| {
            Command::new("sh")
                .args(["-c", script])
                .env_clear()
                .env("PATH", "/usr/bin:/bin")
                .envs(folders.environment())
                .status()
        };
        let outcome = run(&values, &mut answer.as_bytes(), &mut output, &mut login);
        (outcome, String::from_utf8(output).unwrap())
    }

    #[test]
    fn yes_makes_the_folder_and_signs_in_there() {
        let home = tempfile::tempdir().unwrap();
        let (outcome, said) = init(home.path(), "y\n", "echo signed-in > $CLAUDE_CONFIG_DIR/.credentials.json", "");
        let Ok(Outcome::SignedIn(folders)) = outcome else { panic!("{outcome:?}") };
        assert!(said.starts_with(QUESTION), "{said}");
        assert_eq!(folders.config, home.path().join(".claude-chat/config"));
        assert_eq!(std::fs::read_to_string(folders.config.join(".credentials.json")).unwrap(), "signed-in\n");
        let mode = std::fs::metadata(&folders.config).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(!home.path().join(".claude").exists());
    }

    #[test]
    fn anything_else_is_no() {
        for answer in ["", "\n", "n\n", "N\n", "maybe\n", "yeah"] {
            let home = tempfile::tempdir().unwrap();
            let (outcome, _) = init(home.path(), answer, "exit 9", "");
            assert_eq!(outcome, Ok(Outcome::Declined), "{answer}");
            assert!(!home.path().join(".claude-chat").exists());
        }
    }

    #[test]
    fn what_goes_wrong_is_said() {
        let home = tempfile::tempdir().unwrap();
        let theirs = home.path().join(".claude");
        let (outcome, _) = init(home.path(), "y\n", "true", theirs.to_str().unwrap());
        assert!(outcome.unwrap_err().contains("which the agents use"));
        assert!(!theirs.exists());
        let (outcome, _) = init(home.path(), "yes\n", "exit 3", "");
        assert!(outcome.unwrap_err().contains("exit status: 3"));
        let held = lock(&home.path().join(".claude-chat/config")).unwrap();
        let (outcome, _) = init(home.path(), "y\n", "true", "");
        assert!(outcome.unwrap_err().contains("is held"));
        drop(held);
    }
}
