//! A predicate whose variables have their values.

use regex::Regex;
use url::Url;

use super::{Found, Mismatch, MismatchKind, describe, json, pattern};
use crate::duration;
use crate::model::{Comparison, Operand, Predicate};
use crate::secret::Redactor;
use crate::span::{Span, Spanned};
use crate::template::{Template, Unresolved};

/// A predicate ready to be applied.
#[derive(Debug)]
pub(super) enum Rendered {
    Equals(Value),
    OneOf(Vec<Value>),
    Not(Box<Spanned<Rendered>>),
    Contains(String),
    Matches(Regex),
    StartsWith(String),
    EndsWith(String),
    Under(Url),
    Compare(Comparison, f64),
    Exists(bool),
    Count(Box<Spanned<Rendered>>),
    All(Vec<Spanned<Rendered>>),
}

/// An operand whose variables have their values.
#[derive(Debug)]
pub(super) enum Value {
    Text {
        text: String,
        /// It came from variables, whose values are always text: JSON of another type may equal it.
        from_variables: bool,
    },
    Number(f64),
    Bool(bool),
    Null,
    Json(serde_json::Value),
}

/// Why a predicate can't be applied.
pub(super) enum Trouble {
    Unresolved(Unresolved),
    Invalid { span: Span, reason: String, help: Option<String> },
}

impl From<Unresolved> for Trouble {
    fn from(unresolved: Unresolved) -> Self {
        Self::Unresolved(unresolved)
    }
}

impl Trouble {
    pub(super) fn into_mismatch(self, found: &Found, redactor: &Redactor) -> Mismatch {
        let found = describe::found(found, &Rendered::Exists(true), redactor);
        match self {
            Trouble::Unresolved(unresolved) => Mismatch {
                span: Some(unresolved.span),
                expected: format!("a value of `${{{}}}`", unresolved.name),
                found,
                help: Some(format!(
                    "give it under `vars`, by an earlier step's `capture`, or with `--var {}=…`",
                    unresolved.name
                )),
                kind: MismatchKind::Unresolved(unresolved),
            },
            Trouble::Invalid { span, reason, help } => {
                let reason = redactor.redact(&reason).into_owned();
                Mismatch {
                    span: Some(span),
                    expected: reason.clone(),
                    found,
                    help,
                    kind: MismatchKind::Invalid(reason),
                }
            }
        }
    }
}

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(super) fn render(predicate: &Predicate, lookup: Lookup<'_>, found: &Found) -> Result<Spanned<Rendered>, Trouble> {
    let text = |template: &Spanned<Template>| template.value.render(lookup);
    let rendered = match predicate {
        Predicate::Equals(operand) => Spanned::new(Rendered::Equals(value(operand, lookup)?), operand.span),
        Predicate::OneOf(operands) => {
            let values = operands.iter().map(|operand| value(operand, lookup)).collect::<Result<_, _>>()?;
            let span = match operands.as_slice() {
                [] => Span::default(),
                [first, .., last] => first.span.to(last.span),
                [only] => only.span,
            };
            Spanned::new(Rendered::OneOf(values), span)
        }
        Predicate::Not(inner) => {
            let inner = render(inner, lookup, found)?;
            let span = inner.span;
            Spanned::new(Rendered::Not(Box::new(inner)), span)
        }
        Predicate::Contains(part) => Spanned::new(Rendered::Contains(text(part)?), part.span),
        Predicate::StartsWith(start) => Spanned::new(Rendered::StartsWith(text(start)?), start.span),
        Predicate::EndsWith(end) => Spanned::new(Rendered::EndsWith(text(end)?), end.span),
        Predicate::Matches(regex) => {
            let compiled = pattern::compile(&regex.value, lookup)?;
            let compiled = compiled.map_err(|reason| Trouble::Invalid { span: regex.span, reason, help: None })?;
            Spanned::new(Rendered::Matches(compiled), regex.span)
        }
        Predicate::Under(base) => {
            let text = text(base)?;
            let url = Url::parse(&text).ok().filter(Url::has_host).ok_or_else(|| Trouble::Invalid {
                span: base.span,
                reason: format!("`{text}` is not a whole URL"),
                help: Some(
                    "write `${forge}`, or a URL with scheme and host, such as `http://edge.test/forge/`".to_owned(),
                ),
            })?;
            Spanned::new(Rendered::Under(url), base.span)
        }
        Predicate::Compare(comparison, operand) => {
            let number = number(operand, lookup, found)?;
            Spanned::new(Rendered::Compare(*comparison, number), operand.span)
        }
        Predicate::Exists(wanted) => Spanned::new(Rendered::Exists(*wanted), Span::default()),
        Predicate::Count(inner) => {
            let inner = render(inner, lookup, &Found::Number(0.0))?;
            let span = inner.span;
            Spanned::new(Rendered::Count(Box::new(inner)), span)
        }
        Predicate::All(parts) => {
            let mut rendered = Vec::with_capacity(parts.len());
            for part in parts {
                let inner = render(&part.value, lookup, found)?;
                let span = if inner.span == Span::default() { part.span } else { inner.span };
                rendered.push(Spanned::new(inner.value, span));
            }
            Spanned::new(Rendered::All(rendered), Span::default())
        }
    };
    Ok(rendered)
}

fn value(operand: &Spanned<Operand>, lookup: Lookup<'_>) -> Result<Value, Unresolved> {
    Ok(match &operand.value {
        Operand::Text(template) => {
            Value::Text { text: template.render(lookup)?, from_variables: template.variables().next().is_some() }
        }
        Operand::Number(number) => Value::Number(*number),
        Operand::Bool(wanted) => Value::Bool(*wanted),
        Operand::Null => Value::Null,
        Operand::Json(template) => Value::Json(json::render(template, lookup)?),
    })
}

fn number(operand: &Spanned<Operand>, lookup: Lookup<'_>, found: &Found) -> Result<f64, Trouble> {
    let text = match value(operand, lookup)? {
        Value::Number(number) => return Ok(number),
        Value::Json(json) if json.is_number() => return Ok(json.as_f64().unwrap_or(f64::NAN)),
        Value::Text { text, .. } => text,
        Value::Bool(wanted) => wanted.to_string(),
        Value::Null => "null".to_owned(),
        Value::Json(json) => json.to_string(),
    };
    let seconds = || duration::parse(&text).map(|duration| duration.as_secs_f64());
    let parsed =
        super::compare::parse_number(&text).or_else(|| seconds().filter(|_| matches!(found, Found::Duration(_))));
    parsed.ok_or_else(|| Trouble::Invalid {
        span: operand.span,
        reason: format!("`{text}` is not a number"),
        help: Some("only numbers can be compared so".to_owned()),
    })
}
