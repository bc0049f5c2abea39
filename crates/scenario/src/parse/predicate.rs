//! Predicates.

use url::Url;

use crate::decode::{Decoder, Fields};
use crate::duration;
use crate::model::{Comparison, JsonTemplate, Operand, Predicate};
use crate::parse::{json, keys, template, values};
use crate::predicate::compile_pattern;
use crate::span::Spanned;
use crate::template::{Part, Template};
use crate::yaml::{Kind, Node};

/// What a predicate is about: which operators make sense, and what their operands are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Domain {
    /// Text, or several texts.
    Text,
    /// A media type.
    MediaType,
    /// A URL.
    Url,
    /// A status code.
    Status,
    /// A count.
    Count,
    /// A span of time.
    Duration,
    /// One that there may not be: until something ends that may have no end.
    Lifetime,
    /// A boolean.
    Flag,
    /// JSON.
    Json,
}

const NUMERIC: &[&str] = &["equals", "one_of", "not", "less_than", "at_most", "greater_than", "at_least"];
const TEXTUAL: &[&str] = &["equals", "one_of", "not", "contains", "matches", "starts_with", "ends_with", "exists"];
const URLS: &[&str] = &["equals", "one_of", "not", "contains", "matches", "starts_with", "ends_with", "under"];
const TIMES: &[&str] = &["not", "less_than", "at_most", "greater_than", "at_least"];
const LIFETIMES: &[&str] = &["not", "less_than", "at_most", "greater_than", "at_least", "exists"];
const FLAGS: &[&str] = &["equals", "not"];

impl Domain {
    fn is_time(self) -> bool {
        matches!(self, Domain::Duration | Domain::Lifetime)
    }

    fn noun(self) -> &'static str {
        match self {
            Domain::Text => "text",
            Domain::MediaType => "a media type",
            Domain::Url => "a URL",
            Domain::Status => "a status code",
            Domain::Count => "a count",
            Domain::Duration | Domain::Lifetime => "a duration",
            Domain::Flag => "a flag",
            Domain::Json => "JSON",
        }
    }

    /// The operators that make sense; all of them where there is no list.
    fn operators(self) -> Option<&'static [&'static str]> {
        match self {
            Domain::Text | Domain::Json => None,
            Domain::MediaType => Some(TEXTUAL),
            Domain::Url => Some(URLS),
            Domain::Status | Domain::Count => Some(NUMERIC),
            Domain::Duration => Some(TIMES),
            Domain::Lifetime => Some(LIFETIMES),
            Domain::Flag => Some(FLAGS),
        }
    }

    fn allows(self, operator: &str) -> bool {
        self.operators().is_none_or(|operators| operators.contains(&operator))
    }
}

/// A predicate, as the value of something that `what` names.
pub(super) fn predicate(decoder: &Decoder, node: &Node, domain: Domain, what: &str) -> Option<Predicate> {
    match &node.kind {
        Kind::Mapping(_) => {
            let fields = decoder.fields(node, &keys::PREDICATE, node.span)?;
            operators(decoder, &fields, node, domain)
        }
        Kind::Sequence(_) if domain.is_time() => {
            refuse_exact_duration(decoder, node);
            None
        }
        Kind::Sequence(_) => Some(Predicate::OneOf(operands(decoder, node, domain, what)?)),
        _ => match node.as_word() {
            Some("exists") if domain.allows("exists") => Some(Predicate::Exists(true)),
            Some("absent") if domain.allows("exists") => Some(Predicate::Exists(false)),
            _ if domain.is_time() => {
                refuse_exact_duration(decoder, node);
                None
            }
            _ => operand(decoder, node, domain, what).map(Predicate::Equals),
        },
    }
}

fn refuse_exact_duration(decoder: &Decoder, node: &Node) {
    let written = decoder.raw_text(node).filter(|text| duration::parse(text).is_some()).unwrap_or("2s");
    let diagnostic = decoder.at(node.span, "nothing takes exactly this long");
    decoder.report(diagnostic.help(format!("write `{{ at_most: {written} }}`")));
}

/// The operators in a mapping whose keys were checked; keys that aren't operators are left to the caller.
pub(super) fn operators(decoder: &Decoder, fields: &Fields<'_>, node: &Node, domain: Domain) -> Option<Predicate> {
    let mut all = Vec::new();
    let mut count = 0;
    for (key, value) in fields.iter() {
        if keys::PREDICATE.key(&key.value).is_none() {
            continue;
        }
        count += 1;
        if !domain.allows(&key.value) {
            let message = format!("`{}` makes no sense of {}", key.value, domain.noun());
            let operators: Vec<String> =
                domain.operators().unwrap_or_default().iter().map(|name| format!("`{name}`")).collect();
            let help = format!("use {}", crate::text::alternatives(&operators));
            decoder.report(decoder.at(key.span, message).help(help));
        } else if let Some(predicate) = operator(decoder, &key.value, value, domain) {
            all.push(Spanned::new(predicate, value.span));
        }
    }
    if node.as_mapping().is_some_and(<[_]>::is_empty) {
        decoder.report(
            decoder.at(node.span, "an empty predicate says nothing").help("give it an operator, such as `equals`"),
        );
    }
    if all.len() != count {
        return None;
    }
    if all.len() > 1 { Some(Predicate::All(all)) } else { all.pop().map(|only| only.value) }
}

fn operator(decoder: &Decoder, name: &str, value: &Node, domain: Domain) -> Option<Predicate> {
    let what = format!("`{name}`");
    let text = || template::scalar(decoder, value, &what);
    let compare = |comparison| Some(Predicate::Compare(comparison, number(decoder, value, domain, &what)?));
    match name {
        "equals" => operand(decoder, value, domain, &what).map(Predicate::Equals),
        "one_of" => operands(decoder, value, domain, &what).map(Predicate::OneOf),
        "not" => predicate(decoder, value, domain, &what).map(|inner| Predicate::Not(Box::new(inner))),
        "contains" => text().map(Predicate::Contains),
        "matches" => pattern(decoder, value, &what).map(Predicate::Matches),
        "starts_with" => text().map(Predicate::StartsWith),
        "ends_with" => text().map(Predicate::EndsWith),
        "under" => under(decoder, value).map(Predicate::Under),
        "less_than" => compare(Comparison::LessThan),
        "at_most" => compare(Comparison::AtMost),
        "greater_than" => compare(Comparison::GreaterThan),
        "at_least" => compare(Comparison::AtLeast),
        "exists" => decoder.boolean(value, &what).map(Predicate::Exists),
        "count" => predicate(decoder, value, Domain::Count, &what).map(|inner| Predicate::Count(Box::new(inner))),
        _ => None,
    }
}

fn operands(decoder: &Decoder, node: &Node, domain: Domain, what: &str) -> Option<Vec<Spanned<Operand>>> {
    let items = decoder.list(node, what)?;
    let what = format!("an item of {what}");
    let operands: Vec<_> = items.iter().map(|item| operand(decoder, item, domain, &what)).collect();
    operands.into_iter().collect()
}

/// What something must be equal to.
fn operand(decoder: &Decoder, node: &Node, domain: Domain, what: &str) -> Option<Spanned<Operand>> {
    let operand = match domain {
        Domain::Text | Domain::Url => Operand::Text(template::scalar(decoder, node, what)?.value),
        Domain::MediaType => media_type(decoder, node, what)?,
        Domain::Flag => match &node.kind {
            Kind::Bool(value) => Operand::Bool(*value),
            _ => variable(decoder, node, what, "`true` or `false`")?,
        },
        Domain::Status | Domain::Count => return number(decoder, node, domain, what),
        Domain::Duration | Domain::Lifetime => {
            refuse_exact_duration(decoder, node);
            return None;
        }
        Domain::Json => match json::template(decoder, node)? {
            JsonTemplate::Text(template) => Operand::Text(template),
            JsonTemplate::Literal(serde_json::Value::Null) => Operand::Null,
            JsonTemplate::Literal(serde_json::Value::Bool(value)) => Operand::Bool(value),
            JsonTemplate::Literal(serde_json::Value::Number(number)) => match exact(&number) {
                Some(number) => Operand::Number(number),
                None => Operand::Json(JsonTemplate::Literal(serde_json::Value::Number(number))),
            },
            template => Operand::Json(template),
        },
    };
    Some(Spanned::new(operand, node.span))
}

/// The number as a float, if that loses nothing.
fn exact(number: &serde_json::Number) -> Option<f64> {
    const EXACT: u64 = 1 << 53;
    let is_exact = number.is_f64() || number.as_i64().is_some_and(|number| number.unsigned_abs() <= EXACT);
    number.as_f64().filter(|_| is_exact)
}

/// What something is compared with as a number.
fn number(decoder: &Decoder, node: &Node, domain: Domain, what: &str) -> Option<Spanned<Operand>> {
    let operand = match (&node.kind, domain) {
        (_, Domain::Duration | Domain::Lifetime) => match decoder.raw_text(node).filter(|text| !text.contains("${")) {
            None => variable(decoder, node, what, "a duration, such as `500ms` or `2s`")?,
            Some(_) => Operand::Number(values::duration(decoder, node, what)?.value.as_secs_f64()),
        },
        (Kind::Number(number), Domain::Status) => {
            let code = number.json.as_i64().filter(|code| (100..=599).contains(code));
            let Some(code) = code else {
                decoder.wrong_type(node, what, "a status code, from 100 to 599");
                return None;
            };
            Operand::Number(f64::from(u16::try_from(code).ok()?))
        }
        (Kind::Number(number), Domain::Count) => {
            let Some(count) = number.json.as_u64() else {
                decoder.wrong_type(node, what, "a whole number, at least 0");
                return None;
            };
            Operand::Number(u32::try_from(count).map_or(f64::INFINITY, f64::from))
        }
        (Kind::Number(number), _) => Operand::Number(number.json.as_f64()?),
        (Kind::String(text, _), Domain::Status) if is_class(text) => {
            let class = &text[..1];
            let diagnostic = decoder.wrong(node, what, "a status code, from 100 to 599");
            decoder.report(diagnostic.help(format!("write `{{ at_least: {class}00, at_most: {class}99 }}`")));
            return None;
        }
        _ => {
            let expected = if domain == Domain::Status { "a status code, from 100 to 599" } else { "a number" };
            variable(decoder, node, what, expected)?
        }
    };
    Some(Spanned::new(operand, node.span))
}

/// `2xx` and the like.
fn is_class(text: &str) -> bool {
    let mut characters = text.chars();
    matches!(characters.next(), Some('1'..='5')) && text.len() == 3 && characters.all(|x| matches!(x, 'x' | 'X'))
}

/// Text in which a variable stands for what isn't text; without a variable it is of the wrong type.
fn variable(decoder: &Decoder, node: &Node, what: &str, expected: &str) -> Option<Operand> {
    match node.as_str() {
        Some(text) if text.contains("${") => {
            let template = template::parse(decoder, text, node.span)?.value;
            if template.literal().is_none() {
                return Some(Operand::Text(template));
            }
            decoder.wrong_type(node, what, expected);
            None
        }
        _ => {
            decoder.wrong_type(node, what, expected);
            None
        }
    }
}

/// A media type without parameters, in lower case as what it is compared with.
fn media_type(decoder: &Decoder, node: &Node, what: &str) -> Option<Operand> {
    let mut template = template::string(decoder, node, what)?.value;
    for part in &mut template.parts {
        if let Part::Text(text) = part {
            *text = text.to_ascii_lowercase();
        }
    }
    if let Some(literal) = template.literal() {
        let help = if literal.contains(';') {
            "leave out what follows the `;`, or expect the whole field under `headers`"
        } else {
            "a media type is `type/subtype`, such as `text/html`"
        };
        let named = literal.split_once('/').is_some_and(|(kind, sub)| values::is_token(kind) && values::is_token(sub));
        if !named {
            decoder.report(decoder.at(node.span, "not a media type without parameters").help(help));
            return None;
        }
    }
    Some(Operand::Text(template))
}

/// A regular expression; one without variables is checked.
pub(super) fn pattern(decoder: &Decoder, node: &Node, what: &str) -> Option<Spanned<Template>> {
    let pattern = template::scalar(decoder, node, what)?;
    if let Some(literal) = pattern.value.literal()
        && let Err(message) = compile_pattern(&literal)
    {
        decoder.report(decoder.at(pattern.span, message));
        return None;
    }
    Some(pattern)
}

fn under(decoder: &Decoder, node: &Node) -> Option<Spanned<Template>> {
    whole_url(decoder, node, "`under`")
}

/// A whole URL; one without variables is checked.
pub(super) fn whole_url(decoder: &Decoder, node: &Node, what: &str) -> Option<Spanned<Template>> {
    let base = template::string(decoder, node, what)?;
    if let Some(literal) = base.value.literal()
        && !Url::parse(&literal).is_ok_and(|url| url.has_host())
    {
        let help = "write `${forge}`, or a URL with scheme and host, such as `http://edge.test/forge/`";
        decoder.report(decoder.at(node.span, format!("{what} needs a whole URL")).help(help));
        return None;
    }
    Some(base)
}
