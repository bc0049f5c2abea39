//! What a command gets at, and the same as arguments of the launcher.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// What a command gets at, beside what every program needs of the system. A folder stands for all that is below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// To be read and written. Nothing in it can be run.
    pub write: Vec<PathBuf>,
    /// To be read.
    pub read: Vec<PathBuf>,
    /// To be read and run.
    pub execute: Vec<PathBuf>,
    /// TCP ports that it may connect to. It may listen at none.
    pub connect: Vec<u16>,
}

impl Grants {
    /// The arguments that [`Self::parse`] takes for these.
    pub fn arguments(&self) -> Vec<OsString> {
        let paths = [("--write", &self.write), ("--read", &self.read), ("--execute", &self.execute)];
        let paths = paths.into_iter().flat_map(|(name, paths)| {
            paths.iter().flat_map(move |path| [OsString::from(name), path.clone().into_os_string()])
        });
        let ports = self.connect.iter().flat_map(|port| [OsString::from("--connect"), port.to_string().into()]);
        paths.chain(ports).collect()
    }

    /// Reads the launcher's arguments: grants, `--`, and the command with its own arguments.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(arguments: &[OsString]) -> Result<(Self, &[OsString]), String> {
        let mut grants = Self::default();
        let mut rest = arguments;
        while let [name, more @ ..] = rest {
            if name == "--" {
                if more.is_empty() {
                    return Err("expected a command after `--`".to_owned());
                }
                return Ok((grants, more));
            }
            let [value, after @ ..] = more else {
                return Err(format!("expected a value after `{}`", name.display()));
            };
            grants.add(name, value)?;
            rest = after;
        }
        Err("expected `--` and a command".to_owned())
    }

    fn add(&mut self, name: &OsStr, value: &OsStr) -> Result<(), String> {
        let paths = match name.to_str() {
            Some("--write") => &mut self.write,
            Some("--read") => &mut self.read,
            Some("--execute") => &mut self.execute,
            Some("--connect") => {
                let port = value.to_str().and_then(|text| text.parse().ok());
                let port = port.ok_or_else(|| format!("--connect: expected a port, found `{}`", value.display()))?;
                self.connect.push(port);
                return Ok(());
            }
            _ => {
                let found = name.display();
                return Err(format!("expected --write, --read, --execute, --connect or --, found `{found}`"));
            }
        };
        let path = PathBuf::from(value);
        if !path.is_absolute() {
            return Err(format!("{}: expected an absolute path, found `{}`", name.display(), path.display()));
        }
        paths.push(path);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn grants_survive_the_command_line() {
        let grants = Grants {
            write: vec!["/workspace".into(), "/tmp/a b".into()],
            read: vec!["/etc/ssl".into()],
            execute: vec!["/opt/claude".into()],
            connect: vec![443, 8080],
        };
        let mut line = grants.arguments();
        line.extend(words("-- claude -p --write"));
        let (read, command) = Grants::parse(&line).unwrap();
        assert_eq!((read, command), (grants, words("claude -p --write").as_slice()));
    }

    #[test]
    fn nothing_is_run_on_a_line_that_makes_no_sense() {
        for (line, words_of_error) in [
            ("", "expected `--` and a command"),
            ("--write /a", "expected `--` and a command"),
            ("--", "expected a command after `--`"),
            ("--write", "expected a value after `--write`"),
            ("--write a -- sh", "--write: expected an absolute path, found `a`"),
            ("--connect 70000 -- sh", "--connect: expected a port, found `70000`"),
            ("--all /a -- sh", "found `--all`"),
        ] {
            let error = Grants::parse(&words(line)).unwrap_err();
            assert!(error.contains(words_of_error), "{line}: {error}");
        }
    }
}
