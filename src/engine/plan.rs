//! A scenario with the steps of all others that it uses, ready to run. Pure: the caller reads the files.

use std::collections::BTreeSet;
use std::sync::Arc;

use scenario::model::{Action, Scenario, Service, Step, When};
use scenario::template::Template;
use scenario::{Diagnostic, Source, Spanned};

use crate::stack::Late;

/// A journey, flat.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The scenario that was asked for.
    pub scenario: Arc<Scenario>,
    /// Its steps and, in their places, those of the scenarios that it uses.
    pub steps: Vec<PlannedStep>,
    /// The secrets that it and those declare.
    pub secrets: Vec<(Arc<Source>, Spanned<String>)>,
}

/// A step with the surroundings that it was written in.
#[derive(Debug, Clone)]
pub struct PlannedStep {
    /// The step.
    pub step: Step,
    /// The file that it stands in.
    pub source: Arc<Source>,
    /// Its variables.
    pub scope: Arc<Scope>,
    /// Conditions around it, the outermost first.
    pub conditions: Vec<Arc<Condition>>,
}

/// The condition of a `use`, or of the scenario that it uses: that of all the steps in it.
#[derive(Debug, Clone)]
pub struct Condition {
    /// What must be so.
    pub when: When,
    /// The variables that it sees, and the file that it stands in.
    pub scope: Arc<Scope>,
}

/// The variables that a scenario sees, besides what the stack and the command line give.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The scenario's file.
    pub source: Arc<Source>,
    /// What a `use` hands in, in terms of the scope around it.
    pub with: Vec<(String, Template)>,
    /// The scenario's own defaults.
    pub vars: Vec<(String, Template)>,
    /// The scope of the `use`.
    pub parent: Option<Arc<Scope>>,
}

impl Scope {
    /// The variables that a variable is made of, each with the scope in which it has its value.
    fn made_of(self: &Arc<Self>, name: &str) -> Vec<(Arc<Self>, String)> {
        let of = |scope: &Arc<Self>, template: &Template| {
            template.variables().map(|(inner, _)| (scope.clone(), inner.to_owned())).collect()
        };
        if let Some((_, template)) = self.with.iter().find(|(key, _)| key == name) {
            return of(self.parent.as_ref().unwrap_or(self), template);
        }
        let own = self.vars.iter().find(|(key, _)| key == name);
        own.map(|(_, template)| of(self, template)).unwrap_or_default()
    }
}

/// Finds the scenario that a `use` names, given the file that names it.
pub type Find<'a> = &'a dyn Fn(&Source, &str) -> Result<Arc<Scenario>, Vec<Diagnostic>>;

impl Plan {
    /// Puts the steps of used scenarios in their places.
    ///
    /// # Errors
    /// A scenario that isn't there, is broken, or uses itself.
    pub fn new(scenario: Arc<Scenario>, find: Find<'_>) -> Result<Self, Vec<Diagnostic>> {
        let source = scenario.source.clone();
        let scope = Arc::new(Scope { source, with: Vec::new(), vars: pairs(&scenario.vars), parent: None });
        let mut plan = Self { scenario: scenario.clone(), steps: Vec::new(), secrets: Vec::new() };
        let mut errors = Vec::new();
        plan.add(&scenario, &scope, &[], &mut vec![scenario.source.name.clone()], find, &mut errors);
        if errors.is_empty() { Ok(plan) } else { Err(errors) }
    }

    fn add(
        &mut self,
        scenario: &Arc<Scenario>,
        scope: &Arc<Scope>,
        conditions: &[Arc<Condition>],
        path: &mut Vec<String>,
        find: Find<'_>,
        errors: &mut Vec<Diagnostic>,
    ) {
        self.secrets.extend(scenario.secrets.iter().map(|name| (scenario.source.clone(), name.clone())));
        for step in &scenario.steps {
            let Action::Use(used) = &step.action else {
                self.steps.push(PlannedStep {
                    step: step.clone(),
                    source: scenario.source.clone(),
                    scope: scope.clone(),
                    conditions: conditions.to_vec(),
                });
                continue;
            };
            let other = match find(&scenario.source, &used.scenario.value) {
                Ok(other) => other,
                Err(mut found) => {
                    for diagnostic in &mut found {
                        if diagnostic.span.is_none() {
                            diagnostic.source = Some(scenario.source.clone());
                            diagnostic.span = Some(used.scenario.span);
                        }
                    }
                    errors.append(&mut found);
                    continue;
                }
            };
            if path.contains(&other.source.name) {
                let circle = format!("{} → {}", path.join(" → "), other.source.name);
                errors.push(
                    Diagnostic::at(&scenario.source, used.scenario.span, "a scenario uses itself")
                        .found(circle)
                        .help("move the shared steps to a scenario of their own"),
                );
                continue;
            }
            let inner = Arc::new(Scope {
                source: other.source.clone(),
                with: pairs(&used.with),
                vars: pairs(&other.vars),
                parent: Some(scope.clone()),
            });
            let mut inner_conditions = conditions.to_vec();
            inner_conditions.push(Arc::new(Condition { when: step.when.clone(), scope: scope.clone() }));
            inner_conditions.push(Arc::new(Condition { when: other.when.clone(), scope: inner.clone() }));
            path.push(other.source.name.clone());
            self.add(&other, &inner, &inner_conditions, path, find, errors);
            path.pop();
        }
    }

    /// The names of variables that are never shown: those that are declared to be secret, and those that tokens and
    /// passwords are made of, also where a `use` hands them in under another name.
    pub fn secret_names(&self) -> Vec<String> {
        let mut names: BTreeSet<String> = self.secrets.iter().map(|(_, name)| name.value.clone()).collect();
        for planned in &self.steps {
            let used = planned.step.action.credentials().into_iter().flat_map(|template| template.value.variables());
            let mut waiting: Vec<(Arc<Scope>, String)> =
                used.map(|(name, _)| (planned.scope.clone(), name.to_owned())).collect();
            let mut seen = BTreeSet::new();
            while let Some((scope, name)) = waiting.pop() {
                if !seen.insert((Arc::as_ptr(&scope), name.clone())) {
                    continue;
                }
                waiting.extend(scope.made_of(&name));
                names.insert(name);
            }
        }
        names.into_iter().collect()
    }

    /// What the journey waits for where it may still be on its way: the demo repository, where it speaks of the forge; the CI's agent,
    /// where it may make pipelines, which it can't without writing.
    pub fn waits_for(&self) -> BTreeSet<Late> {
        let services = self.services();
        let steps = self
            .steps
            .iter()
            .flat_map(|planned| planned.conditions.iter().map(|condition| &condition.when).chain([&planned.step.when]));
        let writes = steps.chain([&self.scenario.when]).any(|when| when.writes);
        let repository = services.contains(&Service::Forge).then_some(Late::Repository);
        let agent = (writes && services.contains(&Service::Ci)).then_some(Late::Service(Service::CiAgent));
        repository.into_iter().chain(agent).collect()
    }

    /// The services that the journey speaks of: by `when`, or by an address such as `${forge}`.
    pub fn services(&self) -> BTreeSet<Service> {
        let mut services = self.scenario.services();
        for planned in &self.steps {
            let given = planned.scope.with.iter().chain(&planned.scope.vars);
            let indirect = given.flat_map(|(_, template)| template.variables());
            for (name, _) in planned.step.variables().into_iter().chain(indirect) {
                services.extend(Service::ALL.iter().copied().filter(|service| service.as_str() == name));
            }
            let around = planned.conditions.iter().map(|condition| &condition.when);
            for when in around.chain([&planned.step.when]) {
                services.extend(when.services.iter().map(|service| service.value));
            }
        }
        services
    }
}

fn pairs(list: &[(Spanned<String>, Spanned<Template>)]) -> Vec<(String, Template)> {
    list.iter().map(|(name, template)| (name.value.clone(), template.value.clone())).collect()
}
