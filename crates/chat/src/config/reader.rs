//! Settings one by one, with all that is wrong collected.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

use super::Problem;

/// Reads settings, and keeps what is wrong until the end, so that one start names it all.
#[derive(Debug)]
pub struct Reader<'a> {
    values: &'a BTreeMap<String, String>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// A reader of these values.
    pub fn new(values: &'a BTreeMap<String, String>) -> Self {
        Self { values, problems: Vec::new() }
    }

    /// A value; an empty one counts as none, as with Compose's `${NAME:-}`.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Notes what is wrong with a setting. The message must show no secret.
    pub fn problem(&mut self, name: &str, message: impl Into<String>) {
        self.problems.push(Problem { setting: name.to_owned(), message: message.into() });
    }

    /// A value that must be there; `what` says what it is.
    pub fn required(&mut self, name: &str, what: &str) -> Option<String> {
        let value = self.get(name).map(ToOwned::to_owned);
        if value.is_none() {
            self.problem(name, format!("it is missing: {what}"));
        }
        value
    }

    /// A value of a type that can be read from text; `what` says what is expected.
    pub fn parsed<T: FromStr>(&mut self, name: &str, what: &str) -> Option<T> {
        let text = self.get(name)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.problem(name, format!("expected {what}, found `{}`", text.escape_debug()));
        }
        value
    }

    /// A number within bounds.
    pub fn number(&mut self, name: &str, default: u64, bounds: RangeInclusive<u64>) -> u64 {
        let what = format!("a number from {} to {}", bounds.start(), bounds.end());
        match self.parsed(name, &what) {
            None => default,
            Some(value) if bounds.contains(&value) => value,
            Some(value) => {
                self.problem(name, format!("expected {what}, found {value}"));
                default
            }
        }
    }

    /// A switch: `true` or `1`, `false`, `0` or nothing.
    pub fn flag(&mut self, name: &str) -> bool {
        match self.get(name) {
            Some("true" | "1") => true,
            None | Some("false" | "0") => false,
            Some(other) => {
                self.problem(name, format!("expected `true` or `false`, found `{}`", other.escape_debug()));
                false
            }
        }
    }

    /// An absolute path.
    pub fn path(&mut self, name: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.get(name)?);
        if !path.is_absolute() {
            self.problem(name, format!("expected an absolute path, found `{}`", path.display()));
        }
        Some(path)
    }

    /// An `http` or `https` address to which paths can be added: no query, no fragment, no name and password.
    pub fn url(&mut self, name: &str) -> Option<Url> {
        let text = self.get(name)?;
        let parsed = Url::parse(text).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        });
        if parsed.is_none() {
            // What was found isn't shown: a URL may hold a password.
            self.problem(name, "expected an http or https URL without a query, a fragment and a password");
        }
        parsed
    }

    /// The same, which must be there.
    pub fn required_url(&mut self, name: &str, what: &str) -> Option<Url> {
        self.required(name, what)?;
        self.url(name)
    }

    /// Everything that was wrong.
    pub fn finish(self) -> Vec<Problem> {
        self.problems
    }
}
