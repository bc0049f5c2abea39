//! Settings as they come: names and values, read as Go's flags read them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::SettingError;

/// What all names begin with.
pub(super) const PREFIX: &str = "WOODPECKER_";

/// A setting that is wrong.
pub(super) fn wrong(name: &str, message: &str) -> SettingError {
    SettingError { name: name.to_owned(), message: message.to_owned() }
}

/// As Go reads a truth value.
pub(super) fn truth(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// As Go reads a duration, in whole units: `72h`, `1h30m`, `90s`.
fn duration(value: &str) -> Option<Duration> {
    let mut rest = value;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let number: u32 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|character: char| character.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "h" => Duration::from_hours(1),
            "m" => Duration::from_mins(1),
            "s" => Duration::from_secs(1),
            "ms" => Duration::from_millis(1),
            _ => return None,
        };
        rest = &rest[end..];
        total = total.checked_add(unit.checked_mul(number)?)?;
    }
    (!value.is_empty()).then_some(total)
}

/// The settings that were given, and which of them were asked for.
pub(in crate::ci) struct Given<'a> {
    pairs: BTreeMap<&'a str, &'a str>,
    read: BTreeSet<&'a str>,
}

impl<'a> Given<'a> {
    /// Of these, those that are Woodpecker's.
    pub(in crate::ci) fn new(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let pairs = pairs.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
        Self { pairs, read: BTreeSet::new() }
    }

    pub(in crate::ci) fn text(&mut self, key: &str) -> Option<&'a str> {
        let (name, value) = self.pairs.get_key_value(format!("{PREFIX}{key}").as_str())?;
        self.read.insert(name);
        Some(value)
    }

    pub(in crate::ci) fn truth(&mut self, key: &str) -> Result<bool, SettingError> {
        let Some(value) = self.text(key) else { return Ok(false) };
        truth(value).ok_or_else(|| unreadable(key, value, "`true` or `false`"))
    }

    pub(in crate::ci) fn duration(&mut self, key: &str, default: Duration) -> Result<Duration, SettingError> {
        let Some(value) = self.text(key).filter(|value| !value.is_empty()) else { return Ok(default) };
        duration(value).ok_or_else(|| unreadable(key, value, "a duration such as `72h`"))
    }

    pub(in crate::ci) fn list(&mut self, key: &str) -> Option<Vec<String>> {
        let value = self.text(key)?;
        Some(value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(ToOwned::to_owned).collect())
    }

    pub(in crate::ci) fn number(&mut self, key: &str, default: u32) -> Result<u32, SettingError> {
        let Some(value) = self.text(key).filter(|value| !value.is_empty()) else { return Ok(default) };
        value.parse().map_err(|_| unreadable(key, value, "a number"))
    }

    /// Names that nobody asked for, but for those that are known to have no effect.
    pub(in crate::ci) fn unread(&self, without_effect: &[&str]) -> Vec<String> {
        let is_unknown = |name: &&&str| !self.read.contains(**name) && !without_effect.contains(*name);
        self.pairs.keys().filter(is_unknown).map(|name| (*name).to_owned()).collect()
    }
}

fn unreadable(key: &str, value: &str, expected: &str) -> SettingError {
    let name = format!("{PREFIX}{key}");
    let message = format!("{name}: expected {expected}, found `{value}`");
    SettingError { name, message }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_as_go_writes_them() {
        for (text, seconds) in [
            ("72h", Some(259_200)),
            ("1h30m", Some(5400)),
            ("90s", Some(90)),
            ("100ms", Some(0)),
            ("0", None),
            ("", None),
        ] {
            assert_eq!(duration(text).map(|it| it.as_secs()), seconds, "{text}");
        }
        assert_eq!(duration("99999999999h"), None);
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(text in "[0-9hmsé.-]{0,20}") {
            let _ = (duration(&text), truth(&text));
        }
    }
}
