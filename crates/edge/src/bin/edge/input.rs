//! Where the settings come from.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::Path;

use routes::deployment::{Deployment, SETTINGS, Value, read};
use routes::variables::{Variables, parse};

use crate::exit::Failure;

/// The larger a settings file, the surer it is none.
const MOST_BYTES: u64 = 1 << 20;

/// What the process's environment says of the settings; of one that isn't text, something that no setting accepts.
pub(crate) fn of_process(variables: impl Iterator<Item = (OsString, OsString)>) -> Variables {
    variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
        .filter(|(name, _)| SETTINGS.iter().any(|setting| setting.name == name))
        .collect()
}

/// The settings that were given.
pub(crate) struct Settings {
    /// All of them.
    pub(crate) variables: Variables,
    /// What the file has, with its name.
    pub(crate) file: Option<(String, Variables)>,
    /// What they ask for.
    pub(crate) deployment: Deployment,
}

impl Settings {
    /// From the file and the environment. Where both name a setting they must agree: Compose would take the environment's value, and
    /// then the file says one thing and what runs does another.
    pub(crate) fn read(env_file: Option<&Path>, environment: Variables) -> Result<Self, Failure> {
        let file = match env_file {
            None => None,
            Some(path) => Some((path.display().to_string(), variables(path)?)),
        };
        let mut all = environment;
        if let Some((place, given)) = &file {
            let mut contradictions = String::new();
            for (name, value) in given {
                match all.get(name) {
                    Some(other) if other != value => contradictions.push_str(&contradiction(place, name, value, other)),
                    _ => drop(all.insert(name.clone(), value.clone())),
                }
            }
            if !contradictions.is_empty() {
                return Err(Failure::usage(contradictions));
            }
        }
        let deployment = read(&all)?;
        Ok(Self { variables: all, file, deployment })
    }
}

fn contradiction(place: &str, name: &str, in_file: &str, in_environment: &str) -> String {
    let secret = SETTINGS.iter().any(|setting| setting.name == name && setting.value == Value::Secret);
    let shown = |value: &str| if secret { "another value".to_owned() } else { format!("`{}`", value.escape_debug()) };
    format!(
        "error: {name}: {place} has {}, and the environment has {}; change the line, or unset the variable\n",
        if secret { "one value".to_owned() } else { shown(in_file) },
        shown(in_environment)
    )
}

/// An environment file.
pub(crate) fn variables(path: &Path) -> Result<Variables, Failure> {
    let place = path.display();
    parse(&text(path)?).map_err(|error| {
        let lines: Vec<String> = error.problems.iter().map(|problem| format!("error: {place}: {problem}\n")).collect();
        Failure::usage(lines.concat())
    })
}

/// What `env` prints in a container: values as they are, without quotes and comments. Lines that begin no variable belong to the value before.
pub(crate) fn printed(path: &Path) -> Result<Variables, Failure> {
    let text = text(path)?;
    Ok(text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

/// A file's text.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    let refuse = |why: &dyn Display| Failure::usage(format!("error: {}: {why}", path.display()));
    let size = std::fs::metadata(path).map_err(|error| refuse(&error))?;
    if size.is_dir() {
        return Err(refuse(&"expected a file, found a directory"));
    }
    if size.len() > MOST_BYTES {
        return Err(refuse(&"it is larger than a mebibyte, and so no file of this program's"));
    }
    let bytes = std::fs::read(path).map_err(|error| refuse(&error))?;
    String::from_utf8(bytes).map_err(|_| refuse(&"expected text in UTF-8, found other bytes"))
}
