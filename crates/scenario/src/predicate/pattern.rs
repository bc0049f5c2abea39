//! Regular expressions with variables in them.

use regex::{Regex, RegexBuilder};

use crate::template::{Part, Template, Unresolved};

/// The most memory that a compiled pattern may take, in bytes.
const SIZE_LIMIT: usize = 4 << 20;

/// Compiles a pattern in which every variable stands for its value's very characters. The outer error is a variable
/// without a value, the inner one says what is wrong with the pattern.
///
/// # Errors
/// Both of them.
pub fn compile(
    template: &Template,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Result<Regex, String>, Unresolved> {
    let escaped = Template {
        parts: template
            .parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => Ok(Part::Text(text.clone())),
                Part::Variable { name, span } => match lookup(name) {
                    Some(value) => Ok(Part::Text(regex::escape(&value))),
                    None => Err(Unresolved { name: name.clone(), span: *span }),
                },
            })
            .collect::<Result<_, _>>()?,
    };
    Ok(compile_text(&escaped.literal().unwrap_or_default()))
}

/// Compiles a pattern; the error is one sentence.
pub(crate) fn compile_text(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(SIZE_LIMIT).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the regular expression is too large".to_owned(),
        error => {
            // The crate's own message draws a picture of several lines; its last one says what is wrong.
            let message = error.to_string();
            let last = message.lines().last().unwrap_or_default().trim();
            format!("not a regular expression: {}", last.strip_prefix("error: ").unwrap_or(last))
        }
    })
}
