//! `${VARIABLES}` in compose files.

/// A placeholder that has no value, or that can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InterpolationError {
    /// `${NAME}` or `$NAME` with nothing to put there. Compose itself would put nothing, and go on.
    Unset {
        /// The variable's name.
        name: String,
    },
    /// `${NAME:?message}` with nothing to put there.
    Required {
        /// The variable's name.
        name: String,
        /// What the file's author says about it.
        message: String,
    },
    /// Something after a `$` that isn't a placeholder.
    Malformed {
        /// The rest of the text from the `$` on, cut short.
        at: String,
    },
}

impl std::fmt::Display for InterpolationError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unset { name } => {
                write!(formatter, "the variable {name} has no value; set it, or write ${{{name}:-default}}")
            }
            Self::Required { name, message } if message.is_empty() => {
                write!(formatter, "the variable {name} must be set")
            }
            Self::Required { name, message } => write!(formatter, "the variable {name} must be set: {message}"),
            Self::Malformed { at } => write!(
                formatter,
                "`{at}` is no placeholder: write ${{NAME}}, ${{NAME:-default}}, ${{NAME-default}}, ${{NAME:?message}}, or $$ for a dollar sign"
            ),
        }
    }
}

/// `text` with its placeholders filled in: `$NAME`, `${NAME}`, `${NAME:-default}` (unset or empty),
/// `${NAME-default}` (unset), `${NAME:?message}`, `${NAME?message}`; `$$` is a dollar sign. A default may hold
/// placeholders itself.
///
/// # Errors
/// The first placeholder without a value, or that can't be read.
pub fn interpolate(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, InterpolationError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = rest.find('$') {
        out.push_str(&rest[..position]);
        let tail = &rest[position + 1..];
        if let Some(after) = tail.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(inside) = tail.strip_prefix('{') {
            let end = closing_brace(inside).ok_or_else(|| malformed(&rest[position..]))?;
            out.push_str(&expand(&inside[..end], lookup).ok_or_else(|| malformed(&rest[position..]))??);
            rest = &inside[end + 1..];
        } else {
            let length = name_length(tail);
            if length == 0 {
                return Err(malformed(&rest[position..]));
            }
            let name = &tail[..length];
            out.push_str(&lookup(name).ok_or_else(|| InterpolationError::Unset { name: name.to_owned() })?);
            rest = &tail[length..];
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// What stands between the braces, expanded. `None` where it isn't a placeholder.
fn expand(inside: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Option<Result<String, InterpolationError>> {
    let length = name_length(inside);
    if length == 0 {
        return None;
    }
    let (name, operator) = inside.split_at(length);
    let value = lookup(name);
    let not_empty = value.clone().filter(|value| !value.is_empty());
    let required = |message: &str| InterpolationError::Required { name: name.to_owned(), message: message.to_owned() };
    if operator.is_empty() {
        Some(value.ok_or_else(|| InterpolationError::Unset { name: name.to_owned() }))
    } else if let Some(default) = operator.strip_prefix(":-") {
        Some(not_empty.map_or_else(|| interpolate(default, lookup), Ok))
    } else if let Some(default) = operator.strip_prefix('-') {
        Some(value.map_or_else(|| interpolate(default, lookup), Ok))
    } else if let Some(message) = operator.strip_prefix(":?") {
        Some(not_empty.ok_or_else(|| required(message)))
    } else {
        operator.strip_prefix('?').map(|message| value.ok_or_else(|| required(message)))
    }
}

/// Where the brace that closes this placeholder stands.
fn closing_brace(inside: &str) -> Option<usize> {
    let mut depth = 1_usize;
    let mut previous_is_dollar = false;
    for (position, character) in inside.char_indices() {
        match character {
            '{' if previous_is_dollar => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(position);
        }
        previous_is_dollar = character == '$';
    }
    None
}

/// The length of the variable's name that the text begins with.
fn name_length(text: &str) -> usize {
    let is_name = |(position, byte): (usize, u8)| {
        byte == b'_' || byte.is_ascii_alphabetic() || (position > 0 && byte.is_ascii_digit())
    };
    text.bytes().enumerate().take_while(|&pair| is_name(pair)).count()
}

fn malformed(at: &str) -> InterpolationError {
    InterpolationError::Malformed { at: at.chars().take(40).collect() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lookup(name: &str) -> Option<String> {
        match name {
            "PORT" => Some("8080".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn placeholders_are_filled_in_as_compose_does() {
        for (text, expected) in [
            ("plain", "plain"),
            ("$PORT", "8080"),
            ("${PORT}:${PORT}", "8080:8080"),
            ("a$$b$${PORT}", "a$b${PORT}"),
            ("${NONE:-fallback}", "fallback"),
            ("${NONE-fallback}", "fallback"),
            ("${EMPTY:-fallback}", "fallback"),
            ("${EMPTY-fallback}", ""),
            ("${PORT:-fallback}", "8080"),
            ("${NONE:-http://edge.test:${PORT:-1}/x}/y", "http://edge.test:8080/x/y"),
            ("${NONE:-}", ""),
            ("${PORT:?no port}", "8080"),
            ("${EMPTY?unset}", ""),
            ("größe $PORT ß", "größe 8080 ß"),
        ] {
            assert_eq!(interpolate(text, &lookup), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_has_no_value_is_said() {
        for (text, expected) in [
            ("${NONE}", "the variable NONE has no value; set it, or write ${NONE:-default}"),
            ("x $NONE y", "the variable NONE has no value; set it, or write ${NONE:-default}"),
            ("${NONE:?give a port}", "the variable NONE must be set: give a port"),
            ("${EMPTY:?}", "the variable EMPTY must be set"),
        ] {
            assert_eq!(
                interpolate(text, &lookup).map_err(|error| error.to_string()),
                Err(expected.to_owned()),
                "{text}"
            );
        }
        for text in ["$", "${", "${PORT", "${}", "$1", "${PORT:+x}", "${1}", "a ${PORT:x}"] {
            assert!(matches!(interpolate(text, &lookup), Err(InterpolationError::Malformed { .. })), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[${}a-zA-Z:?ß-]{0,40}") {
            let _ = interpolate(&text, &lookup);
        }

        #[test]
        fn text_without_dollars_stays(text in "[^$]{0,40}") {
            prop_assert_eq!(interpolate(&text, &lookup), Ok(text));
        }
    }
}
