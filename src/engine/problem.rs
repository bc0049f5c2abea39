//! What ended a step, with its place in the file.

use std::sync::Arc;

use scenario::template::{Template, Unresolved};
use scenario::{Diagnostic, Redactor, Source, Span};
use verdict::evidence::{Failure, FailureKind};

use super::trace;

/// Something that went wrong in a step.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What kind of trouble it is.
    pub kind: FailureKind,
    /// Where it is, what was expected, what came, what to do.
    pub diagnostic: Diagnostic,
}

impl Problem {
    /// A scenario that asks for something that isn't there.
    pub fn scenario(diagnostic: Diagnostic) -> Self {
        Self { kind: FailureKind::Scenario, diagnostic }
    }

    /// A variable without a value.
    pub fn unresolved(source: &Arc<Source>, unresolved: &Unresolved, known: &[String]) -> Self {
        Self::scenario(unresolved_variable(source, &unresolved.name, unresolved.span, known))
    }

    /// The problem as evidence, and its diagnostic for people; both redacted.
    pub fn report(self, redactor: &Redactor) -> (Failure, Diagnostic) {
        let diagnostic = redacted(self.diagnostic, redactor);
        let span = diagnostic.span.unwrap_or_default();
        let failure = Failure {
            message: diagnostic.message.clone(),
            file: diagnostic.source.as_ref().map(|source| source.name.clone()).unwrap_or_default(),
            line: span.line,
            column: span.column,
            expected: diagnostic.expected.clone(),
            found: diagnostic.found.clone(),
            help: diagnostic.help.clone(),
            rendered: diagnostic.render(false),
            kind: self.kind,
        };
        (failure, diagnostic)
    }
}

/// `${name}` has no value.
pub fn unresolved_variable(source: &Arc<Source>, name: &str, span: Span, known: &[String]) -> Diagnostic {
    Diagnostic::at(source, span, format!("nothing gives `{name}` a value"))
        .label("no value")
        .found(format!("known here: {}", known.join(", ")))
        .help(format!("give it by `--var {name}=…`, under `vars:`, or capture it in an earlier step"))
}

/// Renders a template, or says which variable is missing.
pub fn render(
    template: &Template,
    source: &Arc<Source>,
    lookup: &dyn Fn(&str) -> Option<String>,
    known: &dyn Fn() -> Vec<String>,
) -> Result<String, Problem> {
    template.render(lookup).map_err(|unresolved| Problem::unresolved(source, &unresolved, &known()))
}

fn redacted(diagnostic: Diagnostic, redactor: &Redactor) -> Diagnostic {
    let mut diagnostic = diagnostic.map_text(&|text| trace::redacted(text, redactor));
    diagnostic.source = diagnostic.source.map(|source| masked(source, redactor));
    diagnostic
}

/// The source with the lines that hold a secret blanked out: same length, so that spans still fit.
fn masked(source: Arc<Source>, redactor: &Redactor) -> Arc<Source> {
    let text: String = source
        .text
        .split_inclusive('\n')
        .map(|line| {
            let is_clean = redactor.redact(line) == line;
            if is_clean { line.to_owned() } else { line.replace(|c: char| c.is_ascii() && !c.is_whitespace(), "*") }
        })
        .collect();
    if text == source.text { source } else { Source::new(source.name.clone(), text) }
}
