//! From a YAML tree to values: every error of a file is collected, none ends the reading.
//!
//! What a mapping may have in it is a static [`Table`]; a [`Decoder`] checks a node against it and hands out its
//! [`Fields`]. Functions answer `None` for what was wrong, and have reported it by then.

mod suggest;
mod table;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::sync::Arc;

pub use suggest::closest;
pub use table::{Key, Shape, Table};

use crate::diagnostic::Diagnostic;
use crate::span::{LineIndex, Source, Span, Spanned};
use crate::text;
use crate::yaml::{Kind, Node};

/// Collects what is wrong with a file.
#[derive(Debug)]
pub struct Decoder {
    source: Arc<Source>,
    index: LineIndex,
    diagnostics: RefCell<Vec<Diagnostic>>,
    concealed: RefCell<Vec<Span>>,
}

/// The entries of a mapping, all of whose keys are known.
#[derive(Debug, Clone)]
pub struct Fields<'node> {
    entries: Vec<(&'node Spanned<String>, &'node Node)>,
}

impl<'node> Fields<'node> {
    /// The value of a key.
    pub fn get(&self, name: &str) -> Option<&'node Node> {
        self.entry(name).map(|(_, node)| node)
    }

    /// A key, as it stands in the file, with its value.
    pub fn entry(&self, name: &str) -> Option<(&'node Spanned<String>, &'node Node)> {
        self.entries.iter().find(|(key, _)| key.value == name).copied()
    }

    /// Forgets a key.
    pub fn remove(&mut self, name: &str) {
        self.entries.retain(|(key, _)| key.value != name);
    }

    /// All of them, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&'node Spanned<String>, &'node Node)> {
        self.entries.iter().copied()
    }
}

impl Decoder {
    /// A decoder for a file.
    pub fn new(source: &Arc<Source>) -> Self {
        Self {
            source: Arc::clone(source),
            index: LineIndex::new(&source.text),
            diagnostics: RefCell::default(),
            concealed: RefCell::default(),
        }
    }

    /// The file.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The span of a range of the file's bytes.
    pub fn span(&self, range: std::ops::Range<usize>) -> Span {
        self.index.span(&self.source.text, range)
    }

    /// An error at a place, to be completed and then [reported](Self::report).
    pub fn at(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(&self.source, span, message)
    }

    /// Takes an error. An error that was taken before, word for word at the same place, is dropped: what an alias
    /// repeats is wrong once.
    pub fn report(&self, diagnostic: Diagnostic) {
        let mut diagnostics = self.diagnostics.borrow_mut();
        if !diagnostics.contains(&diagnostic) {
            diagnostics.push(diagnostic);
        }
    }

    /// Keeps a place of the file out of all errors, whichever of them shows its line: a secret stands there.
    pub fn conceal(&self, span: Span) {
        self.concealed.borrow_mut().push(span);
    }

    /// The file as errors show it.
    fn shown_source(&self) -> Arc<Source> {
        let concealed = self.concealed.borrow();
        if concealed.is_empty() {
            return Arc::clone(&self.source);
        }
        let mut text = String::with_capacity(self.source.text.len());
        for (offset, character) in self.source.text.char_indices() {
            if character != '\n' && concealed.iter().any(|span| (span.start..span.end).contains(&offset)) {
                // As many bytes as the character had, so that all places stay right.
                text.extend(std::iter::repeat_n('*', character.len_utf8()));
            } else {
                text.push(character);
            }
        }
        Source::new(self.source.name.clone(), text)
    }

    /// What was decoded, if nothing was wrong.
    ///
    /// # Errors
    /// All that was wrong, in the order of the file.
    pub fn finish<T>(self, decoded: Option<T>) -> Result<T, Vec<Diagnostic>> {
        let source = self.shown_source();
        let mut diagnostics = self.diagnostics.into_inner();
        match decoded {
            Some(decoded) if diagnostics.is_empty() => Ok(decoded),
            _ => {
                for diagnostic in &mut diagnostics {
                    diagnostic.source = Some(Arc::clone(&source));
                }
                diagnostics.sort_by_key(|diagnostic| diagnostic.span.map(|span| span.start));
                Err(diagnostics)
            }
        }
    }

    /// Reports that a value is of the wrong type. `what` names the value (`` `status` ``), `expected` says what it
    /// should be.
    pub fn wrong_type(&self, node: &Node, what: &str, expected: &str) {
        self.report(self.wrong(node, what, expected));
    }

    /// The same, to be completed and reported.
    pub fn wrong(&self, node: &Node, what: &str, expected: &str) -> Diagnostic {
        let found = match &node.kind {
            Kind::Bool(_) | Kind::Number(_) | Kind::String(..) => {
                let kind = match &node.kind {
                    Kind::Bool(_) => "the boolean",
                    Kind::Number(_) => "the number",
                    _ => "the text",
                };
                let shown: String = self.raw_text(node).unwrap_or_default().chars().take(60).collect();
                format!("{kind} `{}`", text::one_line(&shown))
            }
            _ => node.kind_name().to_owned(),
        };
        self.at(node.span, format!("wrong value for {what}")).expected(expected).found(found)
    }

    /// A scalar as it was written, quotes and escapes resolved: `True` stays `True`. `None` for what isn't a scalar, and
    /// for nothing.
    pub fn raw_text<'node>(&'node self, node: &'node Node) -> Option<&'node str> {
        match &node.kind {
            Kind::Bool(_) => Some(self.source.slice(node.span)),
            _ => node.scalar_text(),
        }
    }

    /// Text; numbers and booleans aren't.
    pub fn text<'node>(&self, node: &'node Node, what: &str) -> Option<&'node str> {
        let text = node.as_str();
        if text.is_none() {
            self.wrong_type(node, what, "text");
        }
        text
    }

    /// Any scalar as text, as it was written.
    pub fn scalar(&self, node: &Node, what: &str) -> Option<String> {
        let text = self.raw_text(node).map(str::to_owned);
        if text.is_none() {
            self.wrong_type(node, what, "text or a number");
        }
        text
    }

    /// A boolean.
    pub fn boolean(&self, node: &Node, what: &str) -> Option<bool> {
        match node.kind {
            Kind::Bool(value) => Some(value),
            _ => {
                self.wrong_type(node, what, "`true` or `false`");
                None
            }
        }
    }

    /// A whole number within bounds, both included.
    pub fn integer(&self, node: &Node, what: &str, least: i64, most: i64) -> Option<i64> {
        let number = match &node.kind {
            Kind::Number(number) => number.json.as_i64().filter(|number| (least..=most).contains(number)),
            _ => None,
        };
        if number.is_none() {
            let expected = if most == i64::MAX {
                format!("a whole number, at least {least}")
            } else {
                format!("a whole number from {least} to {most}")
            };
            self.wrong_type(node, what, &expected);
        }
        number
    }

    /// The items of a list, of which there must be one.
    pub fn list<'node>(&self, node: &'node Node, what: &str) -> Option<&'node [Node]> {
        match &node.kind {
            Kind::Sequence(items) if items.is_empty() => {
                self.report(self.at(node.span, format!("{what} is empty")).help("it needs an item at least"));
                None
            }
            Kind::Sequence(items) => Some(items),
            _ => {
                self.wrong_type(node, what, "a list");
                None
            }
        }
    }

    /// The items of a list, or the one value that stands for a list of itself.
    pub fn one_or_many<'node>(&self, node: &'node Node, what: &str) -> &'node [Node] {
        match &node.kind {
            Kind::Sequence(_) => self.list(node, what).unwrap_or_default(),
            _ => std::slice::from_ref(node),
        }
    }

    /// The entries of a mapping whose keys the author chooses.
    pub fn entries<'node>(&self, node: &'node Node, what: &str) -> Option<&'node [(Spanned<String>, Node)]> {
        let entries = node.as_mapping();
        if entries.is_none() {
            self.wrong_type(node, what, "a mapping");
        }
        entries
    }

    /// One of several words.
    pub fn word<T: Copy>(&self, node: &Node, what: &str, words: &[(&'static str, T)]) -> Option<Spanned<T>> {
        let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        let Some(text) = node.as_str() else {
            self.wrong_type(node, what, &text::alternatives(&quoted(&names)));
            return None;
        };
        match words.iter().find(|(name, _)| *name == text) {
            Some((_, value)) => Some(Spanned::new(*value, node.span)),
            None => {
                let message = format!("unknown {what} `{}`", text::one_line(text));
                let help = match closest(text, names.iter().copied()) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("it is one of {}", quoted(&names).join(", ")),
                };
                self.report(self.at(node.span, message).help(help));
                None
            }
        }
    }

    /// The entries of a mapping, checked against its table: unknown keys, missing keys, keys that exclude each other or
    /// are in the wrong company. Wrong entries are left out of what is returned; it is `None` where the node isn't a
    /// mapping at all. Missing keys are reported at `owner`.
    pub fn fields<'node>(&self, node: &'node Node, table: &'static Table, owner: Span) -> Option<Fields<'node>> {
        let Some(entries) = node.as_mapping() else {
            self.wrong_type(node, table.noun, "a mapping");
            return None;
        };
        let mut fields = Fields { entries: Vec::with_capacity(entries.len()) };
        let mut meant = Vec::new();
        for (key, value) in entries {
            if table.key(&key.value).is_some() {
                fields.entries.push((key, value));
            } else {
                meant.extend(self.unknown_key(key, table));
            }
        }
        let mut chosen = self.exclusive(&mut fields, table.exactly_one);
        self.exclusive(&mut fields, table.at_most_one);
        if !table.exactly_one.is_empty() && chosen.is_none() {
            chosen = table.exactly_one.iter().find(|name| meant.contains(name)).copied();
            if chosen.is_none() {
                let message = format!(
                    "{} must have one of the keys {}",
                    table.noun,
                    text::alternatives(&quoted(table.exactly_one))
                );
                self.report(self.at(owner, message).label("none of them is here"));
            }
        }
        if table.exactly_one.is_empty() || chosen.is_some() {
            self.company(&mut fields, table, &meant);
        }
        for key in table.keys.iter().filter(|key| key.required) {
            if !entries.iter().any(|(name, _)| name.value == key.name) && !meant.contains(&key.name) {
                let message = format!("{} must have the key `{}`", table.noun, key.name);
                self.report(self.at(owner, message).help(format!("`{}`: {}", key.name, key.doc)));
            }
        }
        Some(fields)
    }

    /// Reports a key that isn't one of the table's; returns the one that may have been meant.
    fn unknown_key(&self, key: &Spanned<String>, table: &'static Table) -> Option<&'static str> {
        let names = table.keys.iter().map(|key| key.name);
        let suggestion = closest(&key.value, names.clone());
        let message = format!("unknown key `{}`", text::one_line(&key.value));
        let help = match suggestion {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("the keys of {} are {}", table.noun, quoted(&names.collect::<Vec<_>>()).join(", ")),
        };
        self.report(self.at(key.span, message).label(format!("not a key of {}", table.noun)).help(help));
        suggestion
    }

    /// Reports all but the first of keys that exclude each other, and drops them; returns the first.
    fn exclusive(&self, fields: &mut Fields<'_>, group: &'static [&'static str]) -> Option<&'static str> {
        let mut first: Option<&Spanned<String>> = None;
        let mut wrong = Vec::new();
        for (key, _) in &fields.entries {
            if !group.contains(&key.value.as_str()) {
                continue;
            }
            match first {
                None => first = Some(key),
                Some(first) => {
                    let message = format!("`{}` and `{}` exclude each other", first.value, key.value);
                    let diagnostic = self.at(key.span, message).label("the second").related(first.span, "the first");
                    self.report(diagnostic.help("keep one of the two"));
                    wrong.push(key.span);
                }
            }
        }
        fields.entries.retain(|(key, _)| !wrong.contains(&key.span));
        group.iter().find(|name| first.is_some_and(|first| first.value == **name)).copied()
    }

    /// Reports keys that don't belong beside the others, and drops them.
    fn company(&self, fields: &mut Fields<'_>, table: &'static Table, meant: &[&str]) {
        let present: Vec<&str> =
            fields.entries.iter().map(|(key, _)| key.value.as_str()).chain(meant.iter().copied()).collect();
        fields.entries.retain(|(key, _)| {
            let beside = table.key(&key.value).map_or(&[] as &[&str], |key| key.beside);
            let fits = beside.is_empty() || beside.iter().any(|other| present.contains(other));
            if !fits {
                let company = table.exactly_one.iter().find(|name| present.contains(name));
                let message = match company {
                    Some(company) => format!("`{}` doesn't belong beside `{company}`", key.value),
                    None => format!("`{}` doesn't stand alone", key.value),
                };
                let help = format!("it belongs beside {}", text::alternatives(&quoted(beside)));
                self.report(self.at(key.span, message).help(help));
            }
            fits
        });
    }
}

/// Names as they stand in messages.
fn quoted(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("`{name}`")).collect()
}
