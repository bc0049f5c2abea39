//! Expectations and findings in words.

use serde_json::Value as Json;

use super::rendered::{Rendered, Value};
use super::{Found, compare, count, holds};
use crate::duration;
use crate::model::Comparison;
use crate::secret::Redactor;
use crate::text;

/// The most characters of a value that are shown.
const SHOWN: usize = 120;
/// How many characters are shown before the first difference of two long texts.
const BEFORE_DIFFERENCE: usize = 30;
/// How many values of a list are shown.
const LISTED: usize = 5;

/// What was expected, as a phrase.
pub(super) fn expected(rendered: &Rendered, found: &Found, redactor: &Redactor) -> String {
    let quote = |text: &str| quoted(text, redactor);
    match rendered {
        Rendered::Equals(operand) => match (operand, single_text(found)) {
            (Value::Text { text, .. }, Some(found)) => beside(text, found, redactor),
            _ => value(operand, redactor),
        },
        Rendered::OneOf(options) => {
            let options: Vec<String> = options.iter().map(|option| value(option, redactor)).collect();
            if options.len() == 1 { options.concat() } else { format!("one of {}", options.join(", ")) }
        }
        Rendered::Not(inner) => match &inner.value {
            Rendered::Exists(wanted) => expected(&Rendered::Exists(!wanted), found, redactor),
            inner => format!("not {}", expected(inner, &Found::Absent, redactor)),
        },
        Rendered::Contains(part) => format!("text that contains {}", quote(part)),
        Rendered::Matches(regex) => format!("text that matches /{}/", shortened(regex.as_str(), redactor)),
        Rendered::StartsWith(start) => format!("text that starts with {}", quote(start)),
        Rendered::EndsWith(end) => format!("text that ends with {}", quote(end)),
        Rendered::Under(base) => format!("a URL under {}", shortened(base.as_str(), redactor)),
        Rendered::Compare(comparison, operand) => {
            let number = match found {
                Found::Duration(_) => seconds(*operand),
                _ => compare::show_number(*operand),
            };
            let word = match comparison {
                Comparison::LessThan => "less than",
                Comparison::AtMost => "at most",
                Comparison::GreaterThan => "more than",
                Comparison::AtLeast => "at least",
            };
            format!("{word} {number}")
        }
        Rendered::Exists(true) => "that it is there".to_owned(),
        Rendered::Exists(false) => "that it is not there".to_owned(),
        Rendered::Count(inner) => {
            format!("a count of {}", expected(&inner.value, &Found::Number(0.0), redactor))
        }
        Rendered::All(parts) => {
            let parts: Vec<String> = parts.iter().map(|part| expected(&part.value, found, redactor)).collect();
            format!("({})", parts.join(", and "))
        }
    }
}

/// What came, shown so that it can be compared with what was expected.
pub(super) fn found(found: &Found, rendered: &Rendered, redactor: &Redactor) -> String {
    match found {
        Found::Absent => "nothing".to_owned(),
        Found::Text(text) | Found::Json(Json::String(text)) => match rendered {
            Rendered::Equals(Value::Text { text: wanted, .. }) => beside(text, wanted, redactor),
            // What is looked for at the end is missed at the end.
            Rendered::EndsWith(_) => quoted_end(text, redactor),
            Rendered::Under(_) => shortened(text, redactor),
            _ => quoted(text, redactor),
        },
        Found::Number(number) => compare::show_number(*number),
        Found::Duration(duration) => duration::show(*duration),
        Found::Bool(value) => value.to_string(),
        Found::Json(json) => shortened(&json.to_string(), redactor),
        Found::List(values) => match values.as_slice() {
            [] => "nothing".to_owned(),
            [only] => self::found(only, rendered, redactor),
            values => {
                let shown =
                    values.iter().take(LISTED).map(|value| self::found(value, &Rendered::Exists(true), redactor));
                let shown = shown.collect::<Vec<_>>().join(", ");
                let more = values.len().saturating_sub(LISTED);
                if more == 0 { shown } else { format!("{shown} and {more} more") }
            }
        },
    }
}

fn value(operand: &Value, redactor: &Redactor) -> String {
    match operand {
        Value::Text { text, .. } => quoted(text, redactor),
        Value::Number(number) => compare::show_number(*number),
        Value::Bool(wanted) => wanted.to_string(),
        Value::Null => "null".to_owned(),
        Value::Json(json) => shortened(&json.to_string(), redactor),
    }
}

fn seconds(seconds: f64) -> String {
    match std::time::Duration::try_from_secs_f64(seconds) {
        Ok(duration) => duration::show(duration),
        Err(_) => format!("{seconds}s"),
    }
}

/// The text, where there is just one.
fn single_text(found: &Found) -> Option<&str> {
    match found {
        Found::Text(text) | Found::Json(Json::String(text)) => Some(text),
        Found::List(values) => match values.as_slice() {
            [only] => single_text(only),
            _ => None,
        },
        _ => None,
    }
}

fn shortened(text: &str, redactor: &Redactor) -> String {
    redactor.excerpt(text, SHOWN)
}

fn quoted(text: &str, redactor: &Redactor) -> String {
    window(text, &redactor.redact(text), 0)
}

fn quoted_end(text: &str, redactor: &Redactor) -> String {
    let redacted = redactor.redact(text);
    window(text, &redacted, redacted.chars().count().saturating_sub(SHOWN))
}

/// One of two texts that should be equal, cut so that the first difference shows.
fn beside(text: &str, other: &str, redactor: &Redactor) -> String {
    let (redacted, other) = (redactor.redact(text), redactor.redact(other));
    let same = redacted.chars().zip(other.chars()).take_while(|(left, right)| left == right).count();
    let longest = redacted.chars().count().max(other.chars().count());
    let skip = if longest <= SHOWN || same + BEFORE_DIFFERENCE <= SHOWN { 0 } else { same - BEFORE_DIFFERENCE };
    window(text, &redacted, skip)
}

/// The redacted text in quotes from its `skip`-th character on, with the size of the whole where that isn't all.
fn window(whole: &str, redacted: &str, skip: usize) -> String {
    let part: String = redacted.chars().skip(skip).take(SHOWN).collect();
    let cut_end = redacted.chars().nth(skip + SHOWN).is_some();
    let (before, after) = (if skip > 0 { "…" } else { "" }, if cut_end { "…" } else { "" });
    let part = text::one_line(&part).replace('"', "\\\"");
    match skip > 0 || cut_end {
        true => format!("\"{before}{part}{after}\" ({} in all)", text::size(whole.len())),
        false => format!("\"{part}\""),
    }
}

/// What to do about a mismatch, where the difference is of a kind that is easily overlooked.
pub(super) fn help(rendered: &Rendered, found: &Found, redactor: &Redactor) -> Option<String> {
    if count(found) == 0.0 {
        return None;
    }
    match rendered {
        Rendered::Equals(operand) => equality_help(operand, found, redactor),
        Rendered::Contains(part) | Rendered::StartsWith(part) | Rendered::EndsWith(part) => {
            let lower = part.to_lowercase();
            let lower = match rendered {
                Rendered::Contains(_) => Rendered::Contains(lower),
                Rendered::StartsWith(_) => Rendered::StartsWith(lower),
                _ => Rendered::EndsWith(lower),
            };
            let folded = Found::Text(single_text(found)?.to_lowercase());
            holds(&lower, &folded).then(|| "it would hold if upper and lower case were the same".to_owned())
        }
        Rendered::Under(base) => under_help(base, single_text(found)?),
        Rendered::Compare(..) => match found {
            Found::Text(text) if compare::parse_number(text).is_none() => {
                Some("what came is text, and only numbers can be compared so".to_owned())
            }
            _ => None,
        },
        _ => None,
    }
}

fn equality_help(operand: &Value, found: &Found, redactor: &Redactor) -> Option<String> {
    match (operand, found) {
        (Value::Text { text, .. }, Found::Json(json)) if !json.is_string() && json.to_string().as_str() == text => {
            Some("what came is not a string: write the expected value without quotes".to_owned())
        }
        (Value::Number(_) | Value::Bool(_) | Value::Null, Found::Json(Json::String(text))) => {
            let same = match operand {
                Value::Number(number) => compare::parse_number(text) == Some(*number),
                Value::Bool(wanted) => *text == wanted.to_string(),
                _ => text == "null",
            };
            same.then(|| "what came is a string: write the expected value in quotes".to_owned())
        }
        (Value::Text { text, .. }, found) => {
            let found = single_text(found)?;
            let (text, found) = (text.as_str(), found);
            if redactor.redact(text) == redactor.redact(found) {
                Some("the difference is in a secret, which isn't shown".to_owned())
            } else if text.trim() == found.trim() {
                Some("they differ only in white space at the start or end".to_owned())
            } else if text.to_lowercase() == found.to_lowercase() {
                Some("they differ only in upper and lower case".to_owned())
            } else if text.trim_end_matches('/') == found.trim_end_matches('/') {
                Some("they differ only in the slash at the end".to_owned())
            } else {
                None
            }
        }
        _ => None,
    }
}

fn under_help(base: &url::Url, found: &str) -> Option<String> {
    let Ok(url) = url::Url::parse(found) else {
        return Some("what came is not a whole URL".to_owned());
    };
    if url.scheme() != base.scheme() {
        Some(format!("the scheme changed from {} to {}", base.scheme(), url.scheme()))
    } else if url.host() != base.host() {
        Some("the host is another".to_owned())
    } else if url.port_or_known_default() != base.port_or_known_default() {
        Some("the port is another".to_owned())
    } else {
        Some(format!("the path has lost, or never had, the prefix {}", base.path()))
    }
}

/// What to do where a count isn't the expected one.
pub(super) fn count_help(found: &Found) -> Option<String> {
    let only = match found {
        Found::List(values) => match values.as_slice() {
            [only] => only,
            _ => return None,
        },
        only => only,
    };
    match only {
        Found::Json(Json::Array(items)) => Some(format!(
            "the path selects one array, which has {} elements: end it in `[*]` to count those",
            items.len()
        )),
        _ => None,
    }
}
