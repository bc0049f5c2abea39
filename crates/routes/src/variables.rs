//! Environment files (`.env`), read as Docker Compose reads them, as far as the two can't differ: what would need interpolation or escapes
//! is refused, because a value that two readers understand differently is one that disagrees with what runs.

use std::collections::BTreeMap;

use crate::error::{Problem, RouteError};

/// Names and values.
pub type Variables = BTreeMap<String, String>;

/// Reads a file's text: `NAME=VALUE` lines, with or without `export`, values bare or in quotes, comments after `#`.
///
/// # Errors
/// Every line that isn't one, by its number, and every name that is given twice. No value is shown: it may be a secret.
pub fn parse(text: &str) -> Result<Variables, RouteError> {
    let mut variables = Variables::new();
    let mut problems = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = index + 1;
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        let Some((name, value)) = line.split_once('=') else {
            problems.push(Problem::new(format!("line {number}"), "expected `NAME=VALUE`, found no equals sign"));
            continue;
        };
        let name = name.trim_end();
        if !is_name(name) {
            problems.push(Problem::new(
                format!("line {number}"),
                "expected a name of letters, digits and _ before the equals sign",
            ));
            continue;
        }
        match read_value(value.trim_start()) {
            Ok(value) => {
                if variables.insert(name.to_owned(), value).is_some() {
                    problems.push(Problem::new(name, format!("line {number} gives it a second time; keep one line")));
                }
            }
            Err(why) => problems.push(Problem::new(name, format!("line {number}: {why}"))),
        }
    }
    if problems.is_empty() { Ok(variables) } else { Err(RouteError { problems }) }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn read_value(text: &str) -> Result<String, &'static str> {
    let Some(quote) = text.chars().next().filter(|first| matches!(first, '"' | '\'')) else {
        // A comment begins after a space: `a#b` is a value.
        let end =
            text.char_indices().find(|(at, found)| *found == '#' && (*at == 0 || text[..*at].ends_with([' ', '\t'])));
        return Ok(end.map_or(text, |(at, _)| &text[..at]).trim_end().to_owned());
    };
    let inside = &text[1..];
    let end = inside.find(quote).ok_or("the quote at the value's start is not closed on the same line")?;
    let (value, rest) = (&inside[..end], inside[end + 1..].trim_start());
    if quote == '"' && value.contains('\\') {
        return Err("a backslash in double quotes means different things to different readers; use single quotes");
    }
    if rest.is_empty() || rest.starts_with('#') {
        Ok(value.to_owned())
    } else {
        Err("there is text after the closing quote")
    }
}
