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
                self.unknown(key, what, &[]);
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::super::model::{Healthcheck, Port, VolumeMount};
    use super::*;

    fn read_text(text: &str) -> Result<Compose, String> {
        read(&Source::new("compose.yml", text), &|name| (name == "PORT").then(|| "8080".to_owned())).map_err(
            |diagnostics| diagnostics.iter().map(|diagnostic| diagnostic.render(false)).collect::<Vec<_>>().join("\n"),
        )
    }

    #[test]
    fn both_ways_of_writing_a_setting_are_read() {
        let text = "
name: x
services:
  a:
    image: one:${TAG:-1}
    command: [serve, --port, $PORT]
    entrypoint: [/bin/sh, -c]
    user: 1000:1000
    environment: { PORT: $PORT, PLAIN: 1.50, ON: true, DOLLAR: $$x }
    networks: { n: { aliases: [alpha] }, m: }
    volumes: [v:/data, ./files:/files:ro]
    tmpfs: /tmp:mode=0700
    healthcheck: { test: [CMD, ok], interval: 500ms, timeout: 1m30s, retries: 3, start_period: 1h }
    depends_on: { b: { condition: service_healthy } }
    read_only: true
    cap_drop: [ALL]
    cap_add: [CHOWN]
    security_opt: ['no-new-privileges:true']
    mem_limit: 256m
    pids_limit: 64
    ports: ['127.0.0.1:${PORT}:80']
    expose: ['80']
    profiles: [debug]
    restart: unless-stopped
  b:
    image: two
    environment: [A=b=c, D=]
    networks: [n]
    tmpfs: [/x, /y:size=1m]
    healthcheck: { test: curl localhost }
    depends_on: [c]
  c: { image: three }
networks: { n: {}, m: }
volumes: { v: }
";
        let compose = read_text(text).unwrap();
        let strings = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let pairs = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>()
        };
        let healthcheck = Healthcheck {
            test: strings(&["CMD", "ok"]),
            interval: Some(Duration::from_millis(500)),
            timeout: Some(Duration::from_secs(90)),
            retries: Some(3),
            start_period: Some(Duration::from_secs(3600)),
        };
        let mount = |source, target: &str, read_only| VolumeMount { source, target: target.to_owned(), read_only };
        let a = ServiceSpec {
            image: "one:1".to_owned(),
            environment: pairs(&[("DOLLAR", "$x"), ("ON", "true"), ("PLAIN", "1.50"), ("PORT", "8080")]),
            command: Some(strings(&["serve", "--port", "8080"])),
            entrypoint: Some(strings(&["/bin/sh", "-c"])),
            user: Some("1000:1000".to_owned()),
            networks: BTreeMap::from([("m".to_owned(), vec![]), ("n".to_owned(), strings(&["alpha"]))]),
            volumes: vec![
                mount(VolumeSource::Named("v".to_owned()), "/data", false),
                mount(VolumeSource::File("files".to_owned()), "/files", true),
            ],
            tmpfs: pairs(&[("/tmp", "mode=0700")]),
            healthcheck: Some(healthcheck),
            depends_on: BTreeMap::from([("b".to_owned(), Condition::Healthy)]),
            read_only: true,
            cap_drop: strings(&["ALL"]),
            cap_add: strings(&["CHOWN"]),
            security_opt: strings(&["no-new-privileges:true"]),
            mem_limit: Some(256 << 20),
            pids_limit: Some(64),
            ports: vec![Port { host_address: Some("127.0.0.1".to_owned()), host: 8080, container: 80 }],
            expose: vec![80],
            profiles: strings(&["debug"]),
            restarts: true,
        };
        assert_eq!(compose.services["a"], a);
        let b = &compose.services["b"];
        assert_eq!(b.environment, pairs(&[("A", "b=c"), ("D", "")]));
        assert_eq!(b.tmpfs, pairs(&[("/x", ""), ("/y", "size=1m")]));
        assert_eq!(b.healthcheck.as_ref().unwrap().test, strings(&["CMD-SHELL", "curl localhost"]));
        assert_eq!(b.depends_on, BTreeMap::from([("c".to_owned(), Condition::Started)]));
        assert_eq!((compose.networks, compose.volumes), (strings(&["n", "m"]), strings(&["v"])));
    }

    #[test]
    fn all_errors_of_a_file_are_reported_at_their_places() {
        let text = "
version: '3'
services:
  a:
    image: [x]
    logging: always
    environment: { A: $NONE }
    networks: { n: { ipv4_address: 1.2.3.4 }, gone: }
    volumes: [/etc:/etc, gone:/x]
    healthcheck: { interval: soon }
    depends_on: [b, gone]
    ports: ['80']
  b:
    depends_on: { a: { condition: service_healthy } }
networks: { n: { driver: bridge } }
";
        insta::assert_snapshot!(read_text(text).unwrap_err(), @r#"
        error: `version` is not supported in a compose file
         --> compose.yml:2:1
          |
        2 | version: '3'
          | ^^^^^^^
          = help: supported here: name, services, networks, volumes; teach src/stack/containers/compose the key, or leave it out

        error: image must be text
         --> compose.yml:5:12
          |
        5 |     image: [x]
          |            ^^^
          = expected: text
          = found:    a list

        error: `logging` is not supported in a service
         --> compose.yml:6:5
          |
        6 |     logging: always
          |     ^^^^^^^
          = help: supported here: image, environment, command, entrypoint, user, networks, volumes, tmpfs, healthcheck, depends_on, read_only, cap_drop, cap_add, security_opt, mem_limit, pids_limit, ports, expose, profiles, restart; teach src/stack/containers/compose the key, or leave it out

        error: the variable NONE has no value; set it, or write ${NONE:-default}
         --> compose.yml:7:23
          |
        7 |     environment: { A: $NONE }
          |                       ^^^^^

        error: `ipv4_address` is not supported in a service's network
         --> compose.yml:8:22
          |
        8 |     networks: { n: { ipv4_address: 1.2.3.4 }, gone: }
          |                      ^^^^^^^^^^^^
          = help: supported here: aliases; teach src/stack/containers/compose the key, or leave it out

        error: a volume can't be read
         --> compose.yml:9:15
          |
        9 |     volumes: [/etc:/etc, gone:/x]
          |               ^^^^^^^^^
          = expected: NAME:/PATH or ./FILE:/PATH, with :ro where it is read only
          = found:    `/etc:/etc`

        error: interval can't be read
          --> compose.yml:10:30
           |
        10 |     healthcheck: { interval: soon }
           |                              ^^^^
           = expected: a duration such as 500ms, 10s or 1m30s
           = found:    `soon`

        error: the health check has no test
          --> compose.yml:10:18
           |
        10 |     healthcheck: { interval: soon }
           |                  ^^^^^^^^^^^^^^^^^^
           = help: add `test: [CMD, …]`

        error: a port can't be read
          --> compose.yml:12:13
           |
        12 |     ports: ['80']
           |             ^^^^
           = expected: ADDRESS:HOST_PORT:PORT or HOST_PORT:PORT
           = found:    `80`

        error: the service b has no image
          --> compose.yml:13:3
           |
        13 |   b:
           |   ^
           = help: add `image: NAME:TAG`

        error: `driver` is not supported in a network
          --> compose.yml:15:18
           |
        15 | networks: { n: { driver: bridge } }
           |                  ^^^^^^
           = help: supported here: nothing; teach src/stack/containers/compose the key, or leave it out

        error: there is no network `gone` in this file
         --> compose.yml:8:15
          |
        8 |     networks: { n: { ipv4_address: 1.2.3.4 }, gone: }
          |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: add it under `networks:`, or correct the name

        error: there is no volume `gone` in this file
         --> compose.yml:9:14
          |
        9 |     volumes: [/etc:/etc, gone:/x]
          |              ^^^^^^^^^^^^^^^^^^^^
          = help: add it under `volumes:`, or correct the name

        error: there is no service `gone` in this file
          --> compose.yml:11:17
           |
        11 |     depends_on: [b, gone]
           |                 ^^^^^^^^^
           = help: add it under `services:`, or correct the name

        error: a waits for itself, if only by way of others
          --> compose.yml:11:17
           |
        11 |     depends_on: [b, gone]
           |                 ^^^^^^^^^
           = help: take one of them out of the circle

        error: b waits for itself, if only by way of others
          --> compose.yml:14:17
           |
        14 |     depends_on: { a: { condition: service_healthy } }
           |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           = help: take one of them out of the circle
        "#);
    }

    #[test]
    fn what_is_no_compose_file_is_refused() {
        for (text, expected) in [
            ("", "the file is empty"),
            ("[]", "the file must be a mapping"),
            ("name: x", "the file has no services"),
            ("services: [a]", "services must be a mapping"),
            ("services: { a: { image: x, read_only: 1 } }", "read_only must be true or false"),
            ("services: { a: { image: x, command: serve it } }", "command must be a list"),
            ("services: { a: { image: x, healthcheck: { test: [wget] } } }", "the test must say how it is run"),
            ("services: { a: { image: x, depends_on: [a] } }", "a waits for itself"),
            ("services: { a: { image: x", "a bracket is never closed"),
        ] {
            let error = read_text(text).unwrap_err();
            assert!(error.contains(expected), "{text}\n{error}");
        }
    }
}
