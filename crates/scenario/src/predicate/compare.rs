//! Equality, order and the relation of URLs.

use std::borrow::Cow;

use serde_json::Value as Json;
use url::Url;

use super::Found;
use super::rendered::Value;
use crate::model::Comparison;

/// A value as text; `None` where it has none (`null`, arrays and objects).
pub(super) fn text_of(found: &Found) -> Option<Cow<'_, str>> {
    Some(match found {
        Found::Text(text) => Cow::Borrowed(text),
        Found::Number(number) => Cow::Owned(show_number(*number)),
        Found::Duration(duration) => Cow::Owned(show_number(duration.as_secs_f64())),
        Found::Bool(value) => Cow::Owned(value.to_string()),
        Found::Json(Json::String(text)) => Cow::Borrowed(text),
        Found::Json(value @ (Json::Number(_) | Json::Bool(_))) => Cow::Owned(value.to_string()),
        Found::Json(_) | Found::Absent | Found::List(_) => return None,
    })
}

/// A value as a number, where it is one or is the text of one.
fn number_of(found: &Found) -> Option<f64> {
    match found {
        Found::Number(number) => Some(*number),
        Found::Duration(duration) => Some(duration.as_secs_f64()),
        Found::Json(Json::Number(number)) => number.as_f64(),
        Found::Text(text) => parse_number(text),
        _ => None,
    }
}

/// Reads a number in decimal notation; no infinities.
pub(super) fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let decimal = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse().ok().filter(|number: &f64| decimal && number.is_finite())
}

/// A number without a needless fraction.
pub(super) fn show_number(number: f64) -> String {
    number.to_string()
}

/// Whether one value equals the operand.
pub(super) fn equal(operand: &Value, found: &Found) -> bool {
    match (operand, found) {
        (Value::Text { text, from_variables: false }, Found::Json(json)) => json.as_str() == Some(text),
        (Value::Text { text, .. }, found) => {
            let same_number = || match found {
                Found::Text(_) | Found::Json(Json::String(_)) => false,
                found => number_of(found).is_some_and(|number| parse_number(text) == Some(number)),
            };
            text_of(found).is_some_and(|found| found == text.as_str()) || same_number()
        }
        (Value::Number(number), found) => number_of(found) == Some(*number),
        (Value::Bool(wanted), Found::Bool(found)) => wanted == found,
        (Value::Bool(wanted), Found::Json(json)) => json.as_bool() == Some(*wanted),
        (Value::Bool(wanted), Found::Text(text)) => *text == wanted.to_string(),
        (Value::Null, Found::Json(json)) => json.is_null(),
        (Value::Json(wanted), Found::Json(found)) => same_json(wanted, found),
        (Value::Json(wanted), Found::Text(text)) => wanted.to_string().as_str() == text,
        (Value::Bool(_) | Value::Null | Value::Json(_), _) => false,
    }
}

/// Whether two JSON values are equal: numbers by value (`1` is `1.0`), objects in any order.
fn same_json(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => {
            left == right || (!(both_integers(left, right)) && left.as_f64() == right.as_f64())
        }
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_json(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            let same = |(name, value)| right.get(name).is_some_and(|other| same_json(value, other));
            left.len() == right.len() && left.iter().all(same)
        }
        (left, right) => left == right,
    }
}

fn both_integers(left: &serde_json::Number, right: &serde_json::Number) -> bool {
    !left.is_f64() && !right.is_f64()
}

/// Whether one value stands in this order to the operand.
pub(super) fn ordered(comparison: Comparison, operand: f64, found: &Found) -> bool {
    number_of(found).is_some_and(|number| match comparison {
        Comparison::LessThan => number < operand,
        Comparison::AtMost => number <= operand,
        Comparison::GreaterThan => number > operand,
        Comparison::AtLeast => number >= operand,
    })
}

/// Whether `text` is a URL of the same origin as `base` whose path is that of `base` or below it, segment by segment:
/// `/forge/x` is under `/forge`, `/forgery` isn't. Dot segments count as a browser resolves them.
pub(super) fn is_under(base: &Url, text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    if url.origin() != base.origin() || !url.origin().is_tuple() {
        return false;
    }
    match url.path().strip_prefix(base.path()) {
        None => false,
        Some(rest) => rest.is_empty() || base.path().ends_with('/') || rest.starts_with('/'),
    }
}
