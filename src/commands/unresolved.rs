//! Variables that will have no value, found before anything runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scenario::{Diagnostic, Source, Span};

use crate::engine::plan::{PlannedStep, Scope};
use crate::engine::problem::unresolved_variable;
use crate::engine::variables::DEPTH;

/// The most values that one may be made of; `a: ${b}${b}`, `b: ${c}${c}` and so on would fill the memory.
const PIECES: u64 = 1000;

/// What has a value at some step.
pub(super) struct Values<'a> {
    /// Given on the command line: stronger than what a scenario defines.
    pub(super) given: &'a BTreeMap<String, String>,
    /// Captured by earlier steps: the strongest.
    pub(super) captured: BTreeSet<&'a str>,
    /// Given by the stack, or secret: weaker.
    pub(super) known: &'a BTreeSet<String>,
}

/// A variable without a value: its name, and what to say of it.
pub(super) struct Missing {
    /// The name.
    pub(super) name: String,
    /// What to say.
    pub(super) diagnostic: Diagnostic,
}

/// The variables that a step uses, or the conditions around it, and that have no value; each in its place.
pub(super) fn of_step(planned: &PlannedStep, values: &Values<'_>) -> Vec<Missing> {
    let mut tracer = Tracer { values, pieces: BTreeMap::new(), path: Vec::new() };
    let around = planned.conditions.iter().flat_map(|condition| {
        let css = condition.when.css.iter().flat_map(|css| css.value.variables());
        css.map(|(name, span)| (&condition.scope, name, span))
    });
    let own = planned.step.variables().into_iter().map(|(name, span)| (&planned.scope, name, span));
    let traced = around.chain(own).map(|(scope, name, span)| {
        tracer.path.clear();
        tracer.trace(scope, &scope.source, name, span)
    });
    traced.filter_map(Result::err).collect()
}

/// Follows variables to the values that they are made of.
struct Tracer<'a> {
    values: &'a Values<'a>,
    /// Of how many values each variable of a scope is made.
    pieces: BTreeMap<(*const Scope, String), u64>,
    /// The variables on the way to the one at hand.
    path: Vec<(*const Scope, String)>,
}

impl Tracer<'_> {
    /// Of how many values `name` is made, which stands at `span` of `source`.
    fn trace(&mut self, scope: &Arc<Scope>, source: &Arc<Source>, name: &str, span: Span) -> Result<u64, Missing> {
        if self.values.captured.contains(name) || self.values.given.contains_key(name) {
            return Ok(1);
        }
        let defined = |list: &[(String, _)]| list.iter().position(|(key, _)| key == name);
        let (template, outer) = match (defined(&scope.with), defined(&scope.vars)) {
            (Some(index), _) => (&scope.with[index].1, scope.parent.as_ref().unwrap_or(scope)),
            (None, Some(index)) => (&scope.vars[index].1, scope),
            (None, None) if self.values.known.contains(name) => return Ok(1),
            (None, None) => {
                let known: BTreeSet<&String> = self.values.known.iter().chain(self.values.given.keys()).collect();
                let known: Vec<String> = known.into_iter().cloned().collect();
                let diagnostic = unresolved_variable(source, name, span, &known);
                return Err(Missing { name: name.to_owned(), diagnostic });
            }
        };
        let place = (Arc::as_ptr(scope), name.to_owned());
        if let Some(pieces) = self.pieces.get(&place) {
            return Ok(*pieces);
        }
        let wrong =
            |message: String| Missing { name: name.to_owned(), diagnostic: Diagnostic::at(source, span, message) };
        if self.path.contains(&place) {
            let names: Vec<&str> = self.path.iter().map(|(_, name)| name.as_str()).chain([name]).collect();
            let mut missing = wrong(format!("the variable `{name}` is made of itself"));
            missing.diagnostic =
                missing.diagnostic.found(names.join(" → ")).help("give one of them a value of its own");
            return Err(missing);
        }
        if self.path.len() >= DEPTH {
            return Err(wrong(format!("the variable `{name}` is more than {DEPTH} others away from where it is used")));
        }
        self.path.push(place.clone());
        let mut pieces = 1_u64;
        for (inner, span) in template.variables() {
            pieces = pieces.saturating_add(self.trace(outer, &outer.source, inner, span)?);
        }
        self.path.pop();
        if pieces > PIECES {
            return Err(wrong(format!("the variable `{name}` is made of more than {PIECES} values")));
        }
        self.pieces.insert(place, pieces);
        Ok(pieces)
    }
}
