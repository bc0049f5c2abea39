//! What `${name}` stands for.

use std::collections::BTreeMap;

use scenario::{Redactor, Secret};

use super::plan::Scope;
use crate::stack::Site;

/// The deepest that a variable may be defined by others; more is a circle.
pub const DEPTH: usize = 16;

/// All that gives variables their values. From the strongest: captured on the way, given on the command line, handed in
/// by `use`, the scenario's own defaults, given by the stack.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    captured: BTreeMap<String, String>,
    given: BTreeMap<String, String>,
    secrets: BTreeMap<String, Secret>,
    stack: BTreeMap<String, String>,
}

impl Variables {
    /// The variables of a run on `site`, with those of the command line.
    pub fn new(site: &Site, given: BTreeMap<String, String>, secrets: BTreeMap<String, Secret>) -> Self {
        let mut stack = site.variables.clone();
        for (service, url) in &site.services {
            stack.insert(service.as_str().to_owned(), url.clone());
        }
        stack.insert("base_url".to_owned(), site.base_url.clone());
        let host = url::Url::parse(&site.base_url).ok().and_then(|url| url.host_str().map(str::to_owned));
        stack.extend(host.map(|host| ("host".to_owned(), host)));
        let mut all_secrets = site.secrets.clone();
        all_secrets.extend(secrets);
        Self { captured: BTreeMap::new(), given, secrets: all_secrets, stack }
    }

    /// A redactor that knows all secrets given so far.
    pub fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::new();
        for secret in self.secrets.values() {
            redactor.add(secret);
        }
        redactor
    }

    /// Keeps a value for later steps.
    pub fn capture(&mut self, name: &str, value: String) {
        self.captured.insert(name.to_owned(), value);
    }

    /// The value of a variable in a scope.
    pub fn lookup(&self, scope: &Scope, name: &str) -> Option<String> {
        self.lookup_at(scope, name, 0)
    }

    fn lookup_at(&self, scope: &Scope, name: &str, depth: usize) -> Option<String> {
        if depth > DEPTH {
            return None;
        }
        if let Some(value) = self.captured.get(name).or_else(|| self.given.get(name)) {
            return Some(value.clone());
        }
        if let Some((_, template)) = scope.with.iter().find(|(key, _)| key == name) {
            let outer = scope.parent.as_deref().unwrap_or(scope);
            return template.render(&|inner| self.lookup_at(outer, inner, depth + 1)).ok();
        }
        if let Some((_, template)) = scope.vars.iter().find(|(key, _)| key == name) {
            return template.render(&|inner| self.lookup_at(scope, inner, depth + 1)).ok();
        }
        let secret = self.secrets.get(name).map(|secret| secret.expose().to_owned());
        secret.or_else(|| self.stack.get(name).cloned())
    }

    /// The names that have a value in a scope, for messages.
    pub fn names(&self, scope: &Scope) -> Vec<String> {
        let mut names: Vec<String> = self.captured.keys().chain(self.given.keys()).cloned().collect();
        names.extend(scope.with.iter().chain(&scope.vars).map(|(name, _)| name.clone()));
        names.extend(self.secrets.keys().chain(self.stack.keys()).cloned());
        names.sort();
        names.dedup();
        names
    }
}
