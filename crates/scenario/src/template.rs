//! Text with `${variables}`.

use crate::span::Span;

/// Text as written in a scenario: literal pieces and variables. `$${` writes a literal `${`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    /// The pieces in order.
    pub parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as it stands.
    Text(String),
    /// The value of a variable.
    Variable {
        /// The variable's name.
        name: String,
        /// The place of `${name}` in the file.
        span: Span,
    },
}

/// A variable that nothing gives a value to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// The variable's name.
    pub name: String,
    /// The place of `${name}` in the file.
    pub span: Span,
}

impl Template {
    /// The text with every variable replaced by what `lookup` gives for its name.
    ///
    /// # Errors
    /// The first variable that `lookup` doesn't know.
    pub fn render(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, Unresolved> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Variable { name, span } => match lookup(name) {
                    Some(value) => out.push_str(&value),
                    None => return Err(Unresolved { name: name.clone(), span: *span }),
                },
            }
        }
        Ok(out)
    }

    /// The names of the variables, in order, repetitions included.
    pub fn variables(&self) -> impl Iterator<Item = (&str, Span)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable { name, span } => Some((name.as_str(), *span)),
            Part::Text(_) => None,
        })
    }

    /// The text, where it holds no variable.
    pub fn literal(&self) -> Option<String> {
        self.render(&|_| None).ok()
    }
}
