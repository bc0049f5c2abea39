//! One service of a compose file.

use std::collections::BTreeMap;

use scenario::Spanned;
use scenario::yaml::{Kind, Node};

use super::model::{Condition, Healthcheck, ServiceSpec};
use super::reader::Reader;
use super::value;

/// The keys that a service may have.
const KEYS: &[&str] = &[
    "image",
    "environment",
    "command",
    "entrypoint",
    "user",
    "networks",
    "volumes",
    "tmpfs",
    "healthcheck",
    "depends_on",
    "read_only",
    "cap_drop",
    "cap_add",
    "security_opt",
    "mem_limit",
    "pids_limit",
    "ports",
    "expose",
    "profiles",
    "restart",
];

impl Reader<'_> {
    /// Reads a service.
    pub(super) fn service(&mut self, name: &Spanned<String>, node: &Node) -> ServiceSpec {
        let mut spec = ServiceSpec::default();
        for (key, value) in self.mapping(node, "a service") {
            match key.value.as_str() {
                "image" => spec.image = self.text(value, "image").map(|text| text.value).unwrap_or_default(),
                "environment" => spec.environment = self.environment(value),
                "command" => spec.command = Some(self.words(value, "command")),
                "entrypoint" => spec.entrypoint = Some(self.words(value, "entrypoint")),
                "user" => spec.user = self.text(value, "user").map(|text| text.value),
                "networks" => spec.networks = self.service_networks(value),
                "volumes" => {
                    let expected = "NAME:/PATH or ./FILE:/PATH, with :ro where it is read only";
                    spec.volumes = self.all_parsed(value, "a volume", expected, value::mount);
                }
                "tmpfs" => spec.tmpfs = self.tmpfs(value),
                "healthcheck" => spec.healthcheck = Some(self.healthcheck(value)),
                "depends_on" => spec.depends_on = self.depends_on(value),
                "read_only" => spec.read_only = self.boolean(value, "read_only").unwrap_or_default(),
                "cap_drop" => spec.cap_drop = self.words(value, "cap_drop"),
                "cap_add" => spec.cap_add = self.words(value, "cap_add"),
                "security_opt" => spec.security_opt = self.words(value, "security_opt"),
                "mem_limit" => {
                    spec.mem_limit = self.parsed(value, "mem_limit", "a size such as 256m or 1g", value::bytes)
                }
                "pids_limit" => {
                    spec.pids_limit = self.parsed(value, "pids_limit", "a positive number", value::positive)
                }
                "ports" => {
                    spec.ports =
                        self.all_parsed(value, "a port", "ADDRESS:HOST_PORT:PORT or HOST_PORT:PORT", value::port);
                }
                "expose" => spec.expose = self.all_parsed(value, "expose", "a port, 1 to 65535", value::port_number),
                "restart" => {
                    let expected = "`no`, or `unless-stopped`";
                    spec.restarts = self.parsed(value, "restart", expected, value::restarts).unwrap_or_default();
                }
                "profiles" => spec.profiles = self.words(value, "profiles"),
                _ => self.unknown(key, "a service", KEYS),
            }
        }
        if node.get("image").is_none() {
            self.error(name.span, format!("the service {} has no image", name.value), "add `image: NAME:TAG`");
        }
        spec
    }

    fn all_parsed<T>(&mut self, node: &Node, what: &str, expected: &str, parse: fn(&str) -> Option<T>) -> Vec<T> {
        match &node.kind {
            Kind::Sequence(items) => items.iter().filter_map(|item| self.parsed(item, what, expected, parse)).collect(),
            _ => {
                self.expected(node, what, "a list");
                Vec::new()
            }
        }
    }

    /// A mapping, or a list of `NAME=VALUE`.
    fn environment(&mut self, node: &Node) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::new();
        if let Kind::Sequence(_) = &node.kind {
            for text in self.texts(node, "environment") {
                match text.value.split_once('=') {
                    Some((name, value)) if !name.is_empty() => {
                        variables.insert(name.to_owned(), value.to_owned());
                    }
                    _ => self.malformed(&text, "an environment variable", "NAME=VALUE"),
                }
            }
        } else {
            for (name, value) in self.mapping(node, "environment") {
                if let Some(text) = self.text(value, "an environment variable") {
                    variables.insert(name.value.clone(), text.value);
                }
            }
        }
        variables
    }

    /// A list of names, or a mapping from names to `aliases`.
    fn service_networks(&mut self, node: &Node) -> BTreeMap<String, Vec<String>> {
        if let Kind::Sequence(_) = &node.kind {
            return self.words(node, "networks").into_iter().map(|name| (name, Vec::new())).collect();
        }
        let mut networks = BTreeMap::new();
        for (name, value) in self.mapping(node, "networks") {
            let mut aliases = Vec::new();
            for (key, value) in self.mapping(value, "a service's network") {
                match key.value.as_str() {
                    "aliases" => aliases = self.words(value, "aliases"),
                    _ => self.unknown(key, "a service's network", &["aliases"]),
                }
            }
            networks.insert(name.value.clone(), aliases);
        }
        networks
    }

    /// `/path:options`, or a list of such.
    fn tmpfs(&mut self, node: &Node) -> BTreeMap<String, String> {
        let texts = match &node.kind {
            Kind::Sequence(_) => self.texts(node, "tmpfs"),
            _ => self.text(node, "tmpfs").into_iter().collect(),
        };
        let mut mounts = BTreeMap::new();
        for text in texts {
            let (path, options) = text.value.split_once(':').unwrap_or((&text.value, ""));
            if path.starts_with('/') {
                mounts.insert(path.to_owned(), options.to_owned());
            } else {
                self.malformed(&text, "tmpfs", "/PATH or /PATH:OPTIONS");
            }
        }
        mounts
    }

    fn healthcheck(&mut self, node: &Node) -> Healthcheck {
        let keys = ["test", "interval", "timeout", "retries", "start_period"];
        let mut check =
            Healthcheck { test: Vec::new(), interval: None, timeout: None, retries: None, start_period: None };
        let expected = "a duration such as 500ms, 10s or 1m30s";
        for (key, value) in self.mapping(node, "healthcheck") {
            match key.value.as_str() {
                "test" => check.test = self.health_test(value),
                "interval" => check.interval = self.parsed(value, "interval", expected, value::duration),
                "timeout" => check.timeout = self.parsed(value, "timeout", expected, value::duration),
                "retries" => check.retries = self.parsed(value, "retries", "a positive number", value::positive),
                "start_period" => check.start_period = self.parsed(value, "start_period", expected, value::duration),
                _ => self.unknown(key, "healthcheck", &keys),
            }
        }
        if node.get("test").is_none() {
            self.error(node.span, "the health check has no test", "add `test: [CMD, …]`");
        }
        check
    }

    /// A list that begins with `CMD` or `CMD-SHELL`, or a line for the shell.
    fn health_test(&mut self, node: &Node) -> Vec<String> {
        if node.scalar_text().is_some() {
            return self.text(node, "test").map(|text| vec!["CMD-SHELL".to_owned(), text.value]).unwrap_or_default();
        }
        let test = self.words(node, "test");
        let valid = match test.first().map(String::as_str) {
            Some("CMD") => test.len() > 1,
            Some("CMD-SHELL") => test.len() == 2,
            _ => false,
        };
        if !valid {
            let help = "write `test: [CMD, PROGRAM, ARGUMENT…]` or `test: [CMD-SHELL, LINE]`";
            self.error(node.span, "the test must say how it is run", help);
        }
        test
    }

    /// A list of names, or a mapping from names to `condition`.
    fn depends_on(&mut self, node: &Node) -> BTreeMap<String, Condition> {
        if let Kind::Sequence(_) = &node.kind {
            return self.words(node, "depends_on").into_iter().map(|name| (name, Condition::Started)).collect();
        }
        let mut conditions = BTreeMap::new();
        for (name, value) in self.mapping(node, "depends_on") {
            let mut condition = Condition::Started;
            for (key, value) in self.mapping(value, "a dependency") {
                let expected = "service_started or service_healthy";
                match key.value.as_str() {
                    "condition" => {
                        let parsed = self.parsed(value, "condition", expected, |text| match text {
                            "service_started" => Some(Condition::Started),
                            "service_healthy" => Some(Condition::Healthy),
                            _ => None,
                        });
                        condition = parsed.unwrap_or(condition);
                    }
                    _ => self.unknown(key, "a dependency", &["condition"]),
                }
            }
            conditions.insert(name.value.clone(), condition);
        }
        conditions
    }
}
