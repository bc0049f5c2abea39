//! Meddlers as containers of their own, between the edge and services.

use std::collections::BTreeMap;

use routes::{Site, Upstream};

use super::super::compose::model::{Healthcheck, ServiceSpec};
use super::Plan;
use crate::stack::{StackOptions, altered};

/// What the name of a meddler's container ends in, after that of its service.
const SUFFIX: &str = "-meddler";
/// Where a meddler listens.
const PORT: u16 = 8080;

/// Whether a container of this name is a meddler.
pub(in crate::stack::containers) fn is_one(name: &str) -> bool {
    name.ends_with(SUFFIX)
}

/// The routes that lead to meddlers, and their containers.
pub(super) fn before(plan: &Plan, served: Site, options: &StackOptions) -> (Site, BTreeMap<String, ServiceSpec>) {
    let upstreams = plan.site.upstreams();
    let mut containers = BTreeMap::new();
    let mut at = BTreeMap::new();
    for (service, rules) in &options.tamper {
        // A service that isn't in the stack has nothing before it.
        let (Some(like), Some(upstream)) = (&plan.meddler, upstreams.get(service.as_str())) else { continue };
        let name = format!("{service}{SUFFIX}");
        let rules = altered::rules(rules, &plan.site);
        // Plain values always have a text.
        let rules = serde_json::to_string(&rules).unwrap_or_default();
        let environment =
            [("DOUBLE_ADDR", format!(":{PORT}")), ("MEDDLER_UPSTREAM", upstream.to_string()), ("MEDDLER_RULES", rules)];
        let mut spec = like.clone();
        spec.entrypoint = Some(vec!["/bin/double".to_owned(), "meddler".to_owned()]);
        spec.environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
        spec.profiles = Vec::new();
        spec.expose = vec![PORT];
        // What it answers says how its service is, not how it is itself.
        let test =
            ["CMD", "/bin/double", "healthcheck", &format!("tcp://127.0.0.1:{PORT}")].map(str::to_owned).to_vec();
        spec.healthcheck = spec.healthcheck.map(|check| Healthcheck { test, ..check });
        at.insert(service.to_string(), Upstream { host: name.clone(), port: PORT });
        containers.insert(name, spec);
    }
    (altered::through(served, &plan.site, &at), containers)
}
