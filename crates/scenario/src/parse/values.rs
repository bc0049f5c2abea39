//! Values that more than one part of the language has.

use std::time::Duration;

use scraper::error::SelectorErrorKind;

use crate::decode::Decoder;
use crate::duration::{self, Wrong};
use crate::parse::template;
use crate::span::{Span, Spanned};
use crate::template::{Part, Template};
use crate::text;
use crate::yaml::Node;

/// A list of name and value, the name repeated for each value of a list.
pub(super) type Pairs = Vec<(Spanned<String>, Spanned<Template>)>;

/// Names with one value or several.
pub(super) fn pairs(decoder: &Decoder, node: &Node, what: &str) -> Pairs {
    let mut pairs = Vec::new();
    for (name, value) in decoder.entries(node, what).unwrap_or_default() {
        let what = format!("`{}`", text::one_line(&name.value));
        for value in decoder.one_or_many(value, &what) {
            if let Some(value) = template::scalar(decoder, value, &what) {
                pairs.push((name.clone(), value));
            }
        }
    }
    pairs
}

/// Names with one value each.
pub(super) fn single_pairs(decoder: &Decoder, node: &Node, what: &str) -> Pairs {
    let mut pairs = Vec::new();
    for (name, value) in decoder.entries(node, what).unwrap_or_default() {
        if let Some(value) = template::scalar(decoder, value, &format!("`{}`", text::one_line(&name.value))) {
            pairs.push((name.clone(), value));
        }
    }
    pairs
}

/// The same, where the names are those of variables.
pub(super) fn variables(decoder: &Decoder, node: &Node, what: &str) -> Pairs {
    let pairs = single_pairs(decoder, node, what);
    for (name, _) in &pairs {
        variable_name(decoder, name);
    }
    pairs
}

/// Reports what can't be the name of a variable.
pub(super) fn variable_name(decoder: &Decoder, name: &Spanned<String>) {
    if !template::is_name(&name.value) {
        let message = format!("`{}` can't be the name of a variable", text::one_line(&name.value));
        decoder.report(decoder.at(name.span, message).help("names have letters, digits and `_`, and no digit first"));
    }
}

/// A duration that isn't zero.
pub(super) fn duration(decoder: &Decoder, node: &Node, what: &str) -> Option<Spanned<Duration>> {
    const EXPECTED: &str = "a duration, such as `500ms`, `10s` or `2m`";
    let Some(written) = decoder.raw_text(node) else {
        decoder.wrong_type(node, what, EXPECTED);
        return None;
    };
    match duration::read(written) {
        Ok(Duration::ZERO) => {
            decoder.report(decoder.at(node.span, format!("{what} must be longer than nothing")));
            None
        }
        Ok(duration) => Some(Spanned::new(duration, node.span)),
        Err(Wrong::Form) => {
            decoder.wrong_type(node, what, EXPECTED);
            None
        }
        Err(Wrong::NoUnit) => {
            let help = format!("say the unit: `{written}s` or `{written}ms`");
            decoder.report(decoder.at(node.span, format!("{what} has no unit")).help(help));
            None
        }
        Err(Wrong::TooLong) => {
            decoder.report(decoder.at(node.span, format!("{what} is too long: a day is the most")));
            None
        }
    }
}

/// The name of a header field: a token (RFC 9110, section 5.6.2).
pub(super) fn header_name(decoder: &Decoder, name: &str, span: Span) -> bool {
    if is_token(name) {
        return true;
    }
    let message = format!("`{}` can't be the name of a header field", text::one_line(name));
    decoder.report(decoder.at(span, message).help("names have letters, digits and `-`; no spaces, no `:`"));
    false
}

/// `token` of RFC 9110, section 5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

/// Header fields to send: names and values that can stand in a request.
pub(super) fn headers(decoder: &Decoder, node: &Node) -> Pairs {
    let mut pairs = pairs(decoder, node, "`headers`");
    pairs.retain(|(name, _)| header_name(decoder, &name.value, name.span));
    for (_, value) in &pairs {
        let bad = |part: &Part| matches!(part, Part::Text(text) if text.contains(['\r', '\n', '\0']));
        if value.value.parts.iter().any(bad) {
            let diagnostic = decoder.at(value.span, "a header field can't have line breaks in it");
            decoder.report(diagnostic.help("write it on one line, or give the field a list of values"));
        }
    }
    pairs
}

/// A CSS selector; one without variables is checked.
pub(super) fn selector(decoder: &Decoder, selector: Option<Spanned<Template>>) -> Option<Spanned<Template>> {
    let selector = selector?;
    if let Some(literal) = selector.value.literal()
        && let Err(error) = scraper::Selector::parse(&literal)
    {
        let message = format!("not a CSS selector: {}", explain(&error));
        decoder.report(decoder.at(selector.span, message));
        return None;
    }
    Some(selector)
}

/// What is wrong with a selector.
fn explain(error: &SelectorErrorKind) -> String {
    match error {
        SelectorErrorKind::EndOfLine => "it ends too early".to_owned(),
        SelectorErrorKind::UnexpectedToken => "something in it makes no sense".to_owned(),
        // The kind of error is known to a crate further below only; its name says what is wrong.
        SelectorErrorKind::UnexpectedSelectorParseError(kind) => match format!("{kind:?}").as_str() {
            "EmptySelector" => "it is empty, or a part of it is".to_owned(),
            "DanglingCombinator" => "nothing follows its last combinator".to_owned(),
            name => text::one_line(name).into_owned(),
        },
        error => text::one_line(&error.to_string()).into_owned(),
    }
}

/// A JSONPath (RFC 9535); one without variables is checked.
pub(super) fn json_path(decoder: &Decoder, path: Option<Spanned<Template>>) -> Option<Spanned<Template>> {
    let path = path?;
    if let Some(literal) = path.value.literal()
        && let Err(error) = serde_json_path::JsonPath::parse(&literal)
    {
        let message = match error.message() {
            // What the crate says where it doesn't know more.
            "parser error" => "not a JSONPath".to_owned(),
            reason => format!("not a JSONPath: {}", text::one_line(reason)),
        };
        let place = within(decoder, path.span, &literal, error.position());
        let help = match literal.starts_with('$') {
            true => "paths look like `$.user.name`, `$.items[0]` or `$.items[*].id`",
            false => "it starts with `$`, as in `$.user.name`, `$.items[0]` or `$.items[*].id`",
        };
        decoder.report(decoder.at(place, message).help(help));
        return None;
    }
    Some(path)
}

/// The place of one character of a scalar's value, if the value stands in the file as it is.
fn within(decoder: &Decoder, span: Span, value: &str, offset: usize) -> Span {
    match decoder.source().slice(span).find(value) {
        Some(start) if !value.is_empty() && offset < value.len() => {
            let start = span.start + start + value.floor_char_boundary(offset);
            decoder.span(start..start + 1)
        }
        _ => span,
    }
}
