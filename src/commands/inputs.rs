//! The variables and secrets that a user gives, and whether they are enough.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use scenario::model::{Service, StackKind};
use scenario::{Diagnostic, Secret};

use super::unresolved::{self, Values};
use crate::cli::environment::Environment;
use crate::cli::{CommandError, RunArgs, read_secret};
use crate::engine::http::Connector;
use crate::engine::plan::Plan;

/// Variables and secrets from the command line, the environment and files.
#[derive(Debug, Clone, Default)]
pub(super) struct Inputs {
    /// `--var` and `--vars`; the former win.
    pub(super) variables: BTreeMap<String, String>,
    /// `--secret`.
    pub(super) secrets: BTreeMap<String, Secret>,
    /// `--ca`, read.
    pub(super) ca_pem: Option<String>,
}

/// Reads what the command line points at.
///
/// # Errors
/// A file that can't be read, a line that isn't `NAME=VALUE`, a secret that isn't set.
pub(super) fn read(args: &RunArgs, environment: &Environment) -> Result<Inputs, CommandError> {
    let wrong = |text: String| CommandError::usage(format!("error: {text}"));
    let mut inputs = Inputs::default();
    if let Some(file) = &args.vars_file {
        inputs.variables = read_variables(file).map_err(wrong)?;
    }
    inputs.variables.extend(args.vars.iter().cloned());
    for text in &args.secrets {
        let (name, secret) = read_secret(text, &environment.variables).map_err(wrong)?;
        inputs.secrets.insert(name, secret);
    }
    if let Some(file) = &args.ca {
        let pem = std::fs::read_to_string(file)
            .map_err(|error| wrong(format!("--ca: {} can't be read: {error}", file.display())))?;
        // Whether it can be used is known before anything is stood up.
        Connector::new(Vec::new(), Some(&pem)).map_err(|error| wrong(format!("--ca: {}: {error}", file.display())))?;
        inputs.ca_pem = Some(pem);
    }
    Ok(inputs)
}

/// `NAME=VALUE` lines; empty ones and those that start with `#` are skipped.
fn read_variables(file: &Path) -> Result<BTreeMap<String, String>, String> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("--vars: {name} can't be read: {error}"))?;
    let is_blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    text.lines()
        .enumerate()
        .filter(|(_, line)| !is_blank(line))
        .map(|(index, line)| match line.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
            _ => Err(format!("--vars: {name}:{}: expected NAME=VALUE, found no `=`", index + 1)),
        })
        .collect()
}

/// Names of variables that a stack of this kind gives, besides its addresses.
fn given_by_stack(kind: StackKind) -> &'static [&'static str] {
    match kind {
        StackKind::Embedded | StackKind::Containers => &["user", "password", "repo"],
        StackKind::External => &[],
    }
}

/// Whether every variable and secret of every plan will have a value, as far as that can be told before a stack stands.
///
/// # Errors
/// Each variable without a value, where it is used first.
pub(super) fn check(plans: &[Arc<Plan>], inputs: &Inputs, kind: StackKind) -> Result<(), Vec<Diagnostic>> {
    let mut known: BTreeSet<String> = ["base_url", "host"].map(str::to_owned).into();
    known.extend(Service::ALL.iter().map(|service| service.as_str().to_owned()));
    known.extend(given_by_stack(kind).iter().map(|name| (*name).to_owned()));
    known.extend(inputs.secrets.keys().cloned());
    let mut errors = Vec::new();
    for plan in plans {
        check_plan(plan, &known, &inputs.variables, kind, &mut errors);
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn check_plan(
    plan: &Plan,
    known: &BTreeSet<String>,
    given: &BTreeMap<String, String>,
    kind: StackKind,
    errors: &mut Vec<Diagnostic>,
) {
    // A scenario for another kind of stack is skipped, and may want what that one gives.
    let applies = &plan.scenario.when.stacks;
    if !applies.is_empty() && !applies.iter().any(|stack| stack.value == kind) {
        return;
    }
    let mut missing = BTreeSet::new();
    for (source, name) in &plan.secrets {
        let (message, label) = if given.contains_key(&name.value) {
            // Its value would stand in every report.
            ("is given as a plain variable", "it would be shown")
        } else if known.contains(&name.value) || is_captured(plan, &name.value) {
            continue;
        } else {
            ("is not set", "no value")
        };
        if missing.insert(name.value.clone()) {
            let diagnostic = Diagnostic::at(source, name.span, format!("the secret `{}` {message}", name.value));
            errors.push(diagnostic.label(label).help(how_to_give(&name.value)));
        }
    }
    for planned in &plan.steps {
        let used = planned.step.action.credentials().into_iter().flat_map(|template| template.value.variables());
        for (name, span) in used.filter(|(name, _)| given.contains_key(*name)) {
            if missing.insert(name.to_owned()) {
                let message = format!("the secret `{name}` is given as a plain variable");
                let diagnostic = Diagnostic::at(&planned.source, span, message).label("a token or a password");
                errors.push(diagnostic.help(how_to_give(name)));
            }
        }
    }
    let mut values = Values { given, captured: BTreeSet::new(), known };
    for planned in &plan.steps {
        values.captured.extend(planned.step.captures_on_the_way().map(|capture| capture.name.value.as_str()));
        for found in unresolved::of_step(planned, &values) {
            if missing.insert(found.name) {
                errors.push(found.diagnostic);
            }
        }
        values.captured.extend(planned.step.capture.iter().map(|capture| capture.name.value.as_str()));
    }
}

fn how_to_give(name: &str) -> String {
    let variable = name.to_ascii_uppercase();
    format!(
        "give it by `--secret {name}` with its value in the environment variable {variable}, or by `--secret {name}=@FILE`"
    )
}

fn is_captured(plan: &Plan, name: &str) -> bool {
    plan.steps.iter().any(|planned| planned.step.captures().any(|capture| capture.name.value == name))
}
