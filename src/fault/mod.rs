//! Known misconfigurations, one a file: what is set wrong, as values that a stack is stood up with.
//!
//! - `keys`: what a file may have in it
//! - `names`: the routes that there can be
//! - `tamper`: the rules of meddlers
//! - `applies`: where a fault can't be expressed, and why
//! - `read`: text → [`Fault`], all that is wrong in the file at once
//! - [`Expectation`]: what it is to be found as
//! - `all`: files → faults, each with a name of its own

mod all;
mod applies;
mod expect;
mod keys;
mod names;
mod read;
mod tamper;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use doubles::meddler::Rule;
use routes::change::{RouteChange, RouteChanges};
use scenario::model::{Mode, Service};

pub use all::{Beside, read_all};
pub use expect::Expectation;
pub use read::read;

use crate::stack::{ApplicationChange, Defects, Environment, StackOptions, TextChange};

/// The JSON Schema of a fault file. It accepts all that [`read`] accepts.
pub fn schema() -> serde_json::Value {
    scenario::schema::of(&keys::FAULT, "A fault of edge-smoke")
}

/// Every key of a fault file, as Markdown.
pub fn reference() -> String {
    scenario::reference::of(&keys::FAULT)
}

/// A known misconfiguration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its name: that of its file.
    pub id: String,
    /// What is wrong, in a sentence.
    pub title: String,
    /// Where it was met: an issue, an incident.
    pub source: Option<String>,
    /// What is set wrong.
    pub inject: Inject,
    /// What a good diagnosis comes to, where the file says.
    pub expect: Option<Expectation>,
}

impl Fault {
    /// A stack with nothing wrong, held against the same scenarios.
    pub fn none() -> Self {
        Self {
            id: "healthy".to_owned(),
            title: "Nothing is wrong".to_owned(),
            source: None,
            inject: Inject::default(),
            expect: Some(Expectation::pass()),
        }
    }
}

/// What is set wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inject {
    /// How the edge routes, whatever was asked for.
    pub mode: Option<Mode>,
    /// Settings by service; `None` unsets.
    pub environment: Environment,
    /// Routes of the edge by name; `None` removes.
    pub routes: RouteChanges,
    /// OAuth applications by the service that they are for.
    pub applications: BTreeMap<Service, ApplicationChange>,
    /// What is replaced in the generated Caddyfile.
    pub caddyfile: Vec<TextChange>,
    /// Rules of meddlers between the edge and services.
    pub tamper: BTreeMap<Service, Vec<Rule>>,
    /// Services that don't run.
    pub stop: BTreeSet<Service>,
    /// Mistakes that services are built with.
    pub defects: Defects,
}

impl Inject {
    /// A stack with this set wrong, and otherwise as the options say.
    #[must_use]
    pub fn into_options(self, options: StackOptions) -> StackOptions {
        let mut options = StackOptions { mode: self.mode.unwrap_or(options.mode), ..options };
        for (service, settings) in self.environment {
            options.environment.entry(service).or_default().extend(settings);
        }
        options.routes.extend(self.routes);
        options.applications.extend(self.applications);
        options.caddyfile.extend(self.caddyfile);
        for (service, rules) in self.tamper {
            options.tamper.entry(service).or_default().extend(rules);
        }
        options.stop.extend(self.stop);
        for (service, defects) in self.defects {
            options.defects.entry(service).or_default().extend(defects);
        }
        options
    }

    /// This and that at once.
    ///
    /// # Errors
    /// What both set, to different values.
    fn united(mut self, other: Self) -> Result<Self, String> {
        if let (Some(one), Some(another)) = (self.mode, other.mode)
            && one != another
        {
            return Err("the mode".to_owned());
        }
        self.mode = self.mode.or(other.mode);
        for (service, settings) in other.environment {
            let own = self.environment.entry(service).or_default();
            for (name, value) in settings {
                let what = format!("{service}'s {name}");
                insert(own, name, value, what)?;
            }
        }
        for (name, change) in other.routes {
            let what = format!("the route {name}");
            insert(&mut self.routes, name, change, what)?;
        }
        for (service, change) in other.applications {
            let what = format!("{service}'s OAuth application");
            insert(&mut self.applications, service, change, what)?;
        }
        // One after the other, as in a file.
        self.caddyfile.extend(other.caddyfile);
        for (service, rules) in other.tamper {
            self.tamper.entry(service).or_default().extend(rules);
        }
        self.stop.extend(other.stop);
        for (service, defects) in other.defects {
            self.defects.entry(service).or_default().extend(defects);
        }
        Ok(self)
    }

    /// The services that it is about, by what is set wrong of them.
    pub fn services(&self) -> BTreeSet<Service> {
        let by_name = |name: &str| Service::ALL.iter().copied().find(|service| service.as_str() == name);
        // A service's routes bear its name: `forge`, `forge-bare`. One that is added may be called anything, and leads somewhere.
        let named = |(name, change): (&String, &Option<RouteChange>)| {
            let leads_to = change.as_ref().and_then(|change| change.service.clone());
            let owner = if names::is_known(name) { name.split('-').next() } else { None };
            owner.and_then(by_name).into_iter().chain(leads_to.as_deref().and_then(by_name)).collect::<Vec<_>>()
        };
        let about = self.environment.keys().chain(self.applications.keys()).chain(self.tamper.keys());
        about.chain(self.defects.keys()).chain(&self.stop).copied().chain(self.routes.iter().flat_map(named)).collect()
    }
}

fn insert<K: Ord, V: PartialEq>(into: &mut BTreeMap<K, V>, name: K, value: V, what: String) -> Result<(), String> {
    match into.get(&name) {
        Some(there) if *there != value => Err(what),
        _ => {
            into.insert(name, value);
            Ok(())
        }
    }
}
