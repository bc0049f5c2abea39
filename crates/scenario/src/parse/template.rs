//! Text with variables, as written in a file.

use crate::decode::Decoder;
use crate::span::{Span, Spanned};
use crate::template::{Part, Template};
use crate::text;
use crate::yaml::Node;

/// Any scalar as a template; `what` names it in messages.
pub(super) fn scalar(decoder: &Decoder, node: &Node, what: &str) -> Option<Spanned<Template>> {
    let value = decoder.scalar(node, what)?;
    parse(decoder, &value, node.span)
}

/// A string as a template; numbers and booleans are errors.
pub(super) fn string(decoder: &Decoder, node: &Node, what: &str) -> Option<Spanned<Template>> {
    let value = decoder.text(node, what)?.to_owned();
    parse(decoder, &value, node.span)
}

/// A mapping's key as a template.
pub(super) fn key(decoder: &Decoder, key: &Spanned<String>) -> Option<Spanned<Template>> {
    parse(decoder, &key.value, key.span)
}

/// Whether this can be the name of a variable: letters, digits and `_`, no digit first.
pub(super) fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// Reads a text that stands at `span`.
pub(super) fn parse(decoder: &Decoder, value: &str, span: Span) -> Option<Spanned<Template>> {
    let places = Places::new(decoder, value, span);
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = 0;
    let mut good = true;
    while let Some(at) = value[rest..].find('$').map(|found| rest + found) {
        literal.push_str(&value[rest..at]);
        let here = &value[at..];
        if here.starts_with("$${") {
            literal.push_str("${");
            rest = at + 3;
        } else if here.starts_with("${") {
            let Some(length) = here.find('}').filter(|end| !here[2..*end].contains("${")) else {
                let place = places.of(at, at + 2);
                let help = "close it with `}`, or write `$${` for the characters `${`";
                decoder.report(decoder.at(place, "a variable is never closed").help(help));
                return None;
            };
            let name = &here[2..length];
            let place = places.of(at, at + length + 1);
            if is_name(name) {
                if !literal.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                }
                parts.push(Part::Variable { name: name.to_owned(), span: place });
            } else {
                let message = match name {
                    "" => "a variable without a name".to_owned(),
                    name => format!("`{}` can't be the name of a variable", text::one_line(name)),
                };
                let help = "names have letters, digits and `_`; write `$${` for the characters `${`";
                decoder.report(decoder.at(place, message).help(help));
                good = false;
            }
            rest = at + length + 1;
        } else {
            literal.push('$');
            rest = at + 1;
        }
    }
    literal.push_str(&value[rest..]);
    if !literal.is_empty() {
        parts.push(Part::Text(literal));
    }
    good.then(|| Spanned::new(Template { parts }, span))
}

/// From offsets in a scalar's value to places in the file. Quotes, escapes and line folding set the two apart; but a
/// variable is rarely written with escapes, so the n-th `${` of the value is the n-th in the file.
struct Places<'decoder> {
    decoder: &'decoder Decoder,
    span: Span,
    /// Offsets of `${` in the value, each with that in the file; empty if they don't agree in number.
    pairs: Vec<(usize, usize)>,
}

impl<'decoder> Places<'decoder> {
    fn new(decoder: &'decoder Decoder, value: &str, span: Span) -> Self {
        let raw = decoder.source().slice(span);
        let offsets = |text: &str| text.match_indices("${").map(|(offset, _)| offset).collect::<Vec<_>>();
        let (in_value, in_file) = (offsets(value), offsets(raw));
        let pairs = if in_value.len() == in_file.len() {
            in_value.into_iter().zip(in_file.iter().map(|offset| span.start + offset)).collect()
        } else {
            Vec::new()
        };
        Self { decoder, span, pairs }
    }

    /// The place of `value[start..end]`, which begins with `${`; that of the whole scalar if it can't be told.
    fn of(&self, start: usize, end: usize) -> Span {
        let length = end - start;
        match self.pairs.iter().find(|(in_value, _)| *in_value == start) {
            Some((_, in_file)) if in_file + length <= self.span.end => self.decoder.span(*in_file..in_file + length),
            _ => self.span,
        }
    }
}
