//! Whatever the environment holds: it is refused by name, or the text that is rendered means to a real Caddy what the model means.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::common::{caddy, variables};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use routes::deployment::{Deployment, SETTINGS, read};
use routes::nomad::{Job, render};
use routes::{Action, Site, caddyfile};
use serde_json::Value;

/// How many texts a real Caddy reads.
const ENOUGH: usize = 60;

/// What a text adapts to, or Caddy's complaint.
fn adapted(caddy: &Path, text: &str) -> Result<Value, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Caddyfile");
    std::fs::write(&file, text).unwrap();
    for arguments in
        [["validate", "--adapter", "caddyfile", "--config"], ["adapt", "--adapter", "caddyfile", "--config"]]
    {
        let answer = Command::new(caddy).args(arguments).arg(&file).output().unwrap();
        if !answer.status.success() {
            return Err(String::from_utf8_lossy(&answer.stderr).into_owned());
        }
        if arguments[0] == "adapt" {
            return serde_json::from_slice(&answer.stdout).map_err(|error| error.to_string());
        }
    }
    Err("nothing was asked".to_owned())
}

/// All values of these fields, wherever they stand.
fn collect(value: &Value, field: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                if name == field {
                    match inner {
                        Value::String(text) => found.extend([text.clone()]),
                        Value::Array(items) => {
                            found.extend(items.iter().filter_map(Value::as_str).map(ToOwned::to_owned))
                        }
                        _ => {}
                    }
                }
                collect(inner, field, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, field, found)),
        _ => {}
    }
}

fn values(adapted: &Value, field: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(adapted, field, &mut found);
    found
}

/// What the model says that the text must mean.
struct Meaning {
    hosts: BTreeSet<String>,
    upstreams: BTreeSet<String>,
    secrets: BTreeSet<String>,
    port: String,
}

fn meaning(site: &Site) -> Meaning {
    let forwards = site.routes.iter().filter_map(|route| match &route.action {
        Action::Forward(forward) => Some(forward),
        _ => None,
    });
    Meaning {
        hosts: site.hosts().into_iter().map(ToOwned::to_owned).collect(),
        upstreams: forwards.clone().map(|forward| forward.upstream.to_string()).collect(),
        secrets: forwards.filter_map(|forward| Some(forward.gate.as_ref()?.secret.expose().to_owned())).collect(),
        port: format!(":{}", site.listens().1),
    }
}

fn assert_means(adapted: &Value, site: &Site) {
    let meaning = meaning(site);
    assert_eq!(values(adapted, "host"), meaning.hosts);
    assert_eq!(values(adapted, "dial"), meaning.upstreams);
    assert_eq!(values(adapted, "X-Forward-Auth-Secret"), meaning.secrets);
    assert_eq!(values(adapted, "listen"), [meaning.port].into());
}

/// A configuration with the settings' own values taken out: what is left must not depend on them.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            // The hosts that automatic HTTPS skips, where it is off as a whole, depend on the port.
            let inner = fields.iter().filter(|(name, _)| *name != "skip").map(|(name, inner)| {
                let own = ["host", "dial", "X-Forward-Auth-Secret", "listen"].contains(&name.as_str());
                (name.clone(), if own { Value::Null } else { shape(inner) })
            });
            Value::Object(inner.collect())
        }
        Value::Array(items) => items.iter().map(shape).collect(),
        _ => value.clone(),
    }
}

/// Values such as people and templates leave behind: right ones, nearly right ones, and what tries to be more than a value.
fn value(name: &str) -> impl Strategy<Value = String> + use<> {
    let right = match name {
        "EDGE_ROUTING_MODE" => vec!["subpath", "subdomain"],
        "EDGE_PORT" => vec!["80", "8080", "65535"],
        "EDGE_SERVICES" => vec!["forge,ci,chat,staging", "chat", "staging , forge"],
        "FORWARD_AUTH_SECRET" => vec!["0123456789abcdef", "a%b+c/d=", "@:,~-._", "-"],
        name if name.starts_with("EDGE_UPSTREAM") => {
            vec!["forge:3000", "127.0.0.1:80", "Ci_1.internal:9", "localhost:1"]
        }
        _ => vec!["project.example.com", "A.example", "x", "localhost", "192.0.2.7"],
    };
    let wrong = vec![
        "",
        " ",
        "<no value>",
        "{$HOME}",
        "{env.HOME}",
        "a.example {",
        "a.example, b.example",
        "a\"b",
        "a\nb",
        "`",
        "#",
        "a # b",
        "}\nadmin :2019\n{",
        "forge:3000 127.0.0.1:2019",
        "h2c://forge:80",
        "forge:3000\\",
        "*.example.com",
        "*",
        "import /etc/passwd",
        "0",
        "65536",
        "-a",
        "unix//run/x.sock",
        "[::1]:80",
        "a.example/x",
    ];
    let sample = |values: Vec<&'static str>| proptest::sample::select(values).prop_map(ToOwned::to_owned);
    prop_oneof![12 => sample(right), 2 => sample(wrong), 1 => "\\PC{0,12}", 1 => "[!-~]{1,16}"]
}

fn given() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let names: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).filter(|name| !name.contains("TLS")).collect();
    let pair = proptest::sample::select(names).prop_flat_map(|name| (Just(name), value(name)));
    proptest::collection::vec(pair, 0..6)
}

/// The site that has the same routes with values beyond doubt.
fn plain(deployment: &Deployment) -> Site {
    let services: BTreeSet<&str> = deployment.site.routes.iter().map(|route| route.service.as_str()).collect();
    let services = services.into_iter().collect::<Vec<_>>().join(",");
    let mut given = vec![("EDGE_ROUTING_MODE", deployment.site.mode.as_str()), ("EDGE_SERVICES", services.as_str())];
    if deployment.public {
        given.push(("EDGE_TUNNEL_FQDN", "plain.example"));
    }
    crate::common::deployment(&given).site
}

#[test]
fn any_settings_are_refused_by_name_or_mean_the_same_to_caddy() {
    let caddy = caddy();
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let asked = RefCell::new(BTreeSet::new());
    let shapes = RefCell::new(BTreeMap::new());
    let result = runner.run(&given(), |given| {
        let pairs: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
        match read(&variables(&pairs)) {
            Err(error) => {
                for problem in error.problems {
                    prop_assert!(SETTINGS.iter().any(|setting| setting.name == problem.setting), "{problem}");
                }
            }
            Ok(deployment) => {
                let text = caddyfile::render(&deployment.site).unwrap();
                let Some(caddy) = caddy.as_deref().filter(|_| asked.borrow().len() < ENOUGH) else { return Ok(()) };
                if asked.borrow_mut().insert(text.clone()) {
                    let found = adapted(caddy, &text).map_err(TestCaseError::fail)?;
                    assert_means(&found, &deployment.site);
                    let plain = caddyfile::render(&plain(&deployment)).unwrap();
                    let mut shapes = shapes.borrow_mut();
                    let expected =
                        shapes.entry(plain).or_insert_with_key(|plain| shape(&adapted(caddy, plain).unwrap()));
                    prop_assert_eq!(&shape(&found), expected, "{}", text);
                }
            }
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let asked = asked.into_inner().len();
    assert!(caddy.is_none() || asked == ENOUGH, "only {asked} different texts were tried");
}

/// The text inside the job reads its secret from Caddy's environment, and is otherwise the same.
#[test]
fn the_caddyfile_of_the_nomad_job_is_one() {
    let Some(caddy) = caddy() else { return };
    for mode in ["subpath", "subdomain"] {
        let deployment = crate::common::public(mode);
        let job: Value = serde_json::from_str(&render(&deployment, Job::Edge).unwrap()).unwrap();
        let text = job.pointer("/Job/TaskGroups/0/Tasks/0/Templates/0/EmbeddedTmpl").and_then(Value::as_str).unwrap();
        let secret = routes::GateSecret::new("{env.FORWARD_AUTH_SECRET}");
        assert_means(&adapted(&caddy, text).unwrap(), &deployment.site.with_gate_secret(secret));
    }
}

/// Caddy reads the files while it validates, so these are real ones.
#[test]
fn a_certificate_of_its_own_is_taken_in_both_modes() {
    let Some(caddy) = caddy() else { return };
    let folder = tempfile::tempdir().unwrap();
    let files = ["edge.pem", "edge.key"].map(|name| folder.path().join(name).display().to_string());
    let own = rcgen::generate_simple_self_signed(["a.example".to_owned(), "*.a.example".to_owned()]).unwrap();
    std::fs::write(&files[0], own.cert.pem()).unwrap();
    std::fs::write(&files[1], own.signing_key.serialize_pem()).unwrap();
    for mode in ["subpath", "subdomain"] {
        let given = [
            ("EDGE_ROUTING_MODE", mode),
            ("EDGE_TUNNEL_FQDN", "a.example"),
            ("EDGE_TLS_CERTIFICATE", &files[0]),
            ("EDGE_TLS_KEY", &files[1]),
        ];
        let site = crate::common::deployment(&given).site;
        let adapted = adapted(&caddy, &caddyfile::render(&site).unwrap()).unwrap();
        assert_eq!(values(&adapted, "listen"), [":443".to_owned()].into());
        assert_eq!(values(&adapted, "certificate"), [files[0].clone()].into());
        assert_eq!(values(&adapted, "dial"), meaning(&site).upstreams);
    }
}
