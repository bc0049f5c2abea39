//! A compose file, from text and variables to the model.

use std::collections::BTreeSet;
use std::sync::Arc;

use scenario::yaml::{self, Node};
use scenario::{Diagnostic, Source, Span};

use super::model::{Compose, Condition, ServiceSpec, VolumeSource};
use super::reader::Reader;

/// Reads a compose file; `lookup` gives its variables.
///
/// # Errors
/// All that is wrong with the file, each at its place: grammar, keys that aren't supported, values that can't be read,
/// variables without a value, names that nothing in the file has.
pub fn read(source: &Arc<Source>, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Compose, Vec<Diagnostic>> {
    let root = yaml::parse(source)?;
    let mut reader = Reader { source, lookup, diagnostics: Vec::new() };
    let compose = reader.file(&root);
    if reader.diagnostics.is_empty() { Ok(compose) } else { Err(reader.diagnostics) }
}

impl Reader<'_> {
    fn file(&mut self, root: &Node) -> Compose {
        let mut compose = Compose::default();
        for (key, value) in self.mapping(root, "the file") {
            match key.value.as_str() {
                // The project's name: runs have their own.
                "name" => drop(self.text(value, "name")),
                "services" => {
                    for (name, value) in self.mapping(value, "services") {
                        let spec = self.service(name, value);
                        compose.services.insert(name.value.clone(), spec);
                    }
                }
                "networks" => compose.networks = self.plain_names(value, "a network"),
                "volumes" => compose.volumes = self.plain_names(value, "a volume"),
                _ => self.unknown(key, "a compose file", &["name", "services", "networks", "volumes"]),
            }
        }
        if let Some(services) = root.get("services") {
            self.references(&compose, services);
        } else {
            self.error(root.span, "the file has no services", "add `services:`");
        }
        compose
    }

    /// Names with nothing to say about them.
    fn plain_names(&mut self, node: &Node, what: &str) -> Vec<String> {
        let mut names = Vec::new();
        for (name, value) in self.mapping(node, what) {
            for (key, _) in self.mapping(value, what) {
                self.unknown(key, what, &["nothing"]);
            }
            names.push(name.value.clone());
        }
        names
    }

    /// Every network, volume and service that is named must be there; nothing may wait for itself.
    fn references(&mut self, compose: &Compose, services: &Node) {
        for (name, node) in services.as_mapping().unwrap_or_default() {
            let Some(spec) = compose.services.get(&name.value) else { continue };
            let at = |key: &str| node.get(key).map_or(name.span, |node| node.span);
            for network in spec.networks.keys().filter(|network| !compose.networks.contains(network)) {
                self.missing(at("networks"), "network", network);
            }
            for mount in &spec.volumes {
                if let VolumeSource::Named(volume) = &mount.source
                    && !compose.volumes.contains(volume)
                {
                    self.missing(at("volumes"), "volume", volume);
                }
            }
            for (other, condition) in &spec.depends_on {
                match compose.services.get(other) {
                    None => self.missing(at("depends_on"), "service", other),
                    Some(other_spec) if *condition == Condition::Healthy && other_spec.healthcheck.is_none() => {
                        let message =
                            format!("{} waits for {other} to be healthy, which has no health check", name.value);
                        self.error(at("depends_on"), message, format!("give {other} a `healthcheck`"));
                    }
                    Some(_) => {}
                }
            }
            if waits_for_itself(compose, &name.value, spec) {
                let message = format!("{} waits for itself, if only by way of others", name.value);
                self.error(at("depends_on"), message, "take one of them out of the circle");
            }
        }
    }

    fn missing(&mut self, span: Span, kind: &str, name: &str) {
        self.error(
            span,
            format!("there is no {kind} `{name}` in this file"),
            format!("add it under `{kind}s:`, or correct the name"),
        );
    }
}

fn waits_for_itself(compose: &Compose, name: &str, spec: &ServiceSpec) -> bool {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = spec.depends_on.keys().map(String::as_str).collect();
    while let Some(other) = open.pop() {
        if other == name {
            return true;
        }
        if seen.insert(other)
            && let Some(spec) = compose.services.get(other)
        {
            open.extend(spec.depends_on.keys().map(String::as_str));
        }
    }
    false
}
