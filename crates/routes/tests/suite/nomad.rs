//! The jobs, parsed back: by the fields that Nomad's API knows, so that a misspelt one fails.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::common::{deployment, public, variables};
use routes::nomad::{Job, jobs, render, render_all};
use routes::{caddyfile, settings};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct File {
    job: Parsed,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Parsed {
    #[serde(rename = "ID")]
    id: String,
    name: String,
    #[serde(rename = "Type")]
    kind: String,
    datacenters: Vec<String>,
    meta: BTreeMap<String, String>,
    task_groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Group {
    name: String,
    count: u32,
    networks: Vec<Network>,
    services: Vec<Service>,
    tasks: Vec<Task>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Network {
    mode: String,
    reserved_ports: Vec<Port>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Port {
    label: String,
    value: u16,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Service {
    name: String,
    provider: String,
    port_label: String,
    checks: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Task {
    name: String,
    driver: String,
    config: serde_json::Value,
    #[serde(default)]
    env: BTreeMap<String, String>,
    templates: Vec<Template>,
    resources: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Template {
    dest_path: String,
    embedded_tmpl: String,
    left_delim: Option<String>,
    right_delim: Option<String>,
    #[serde(default)]
    envvars: bool,
    #[serde(default)]
    err_missing_key: bool,
    change_mode: String,
}

fn parsed(text: &str) -> Parsed {
    serde_json::from_str::<File>(text).unwrap().job
}

#[test]
fn both_jobs_are_parsed_back() {
    for mode in ["subpath", "subdomain"] {
        let deployment = public(mode);
        for (job, port) in [(Job::Edge, 8080), (Job::Chat, 8080)] {
            let parsed = parsed(&render(&deployment, job).unwrap());
            let name = job.to_string();
            assert_eq!(
                (parsed.id.as_str(), parsed.name.as_str(), parsed.kind.as_str()),
                (name.as_str(), name.as_str(), "service")
            );
            assert_eq!(
                (parsed.datacenters.as_slice(), parsed.meta["routing-mode"].as_str()),
                (["*".to_owned()].as_slice(), mode)
            );
            let [group] = parsed.task_groups.as_slice() else { panic!("one group") };
            assert_eq!((group.name.as_str(), group.count), (name.as_str(), 1));
            let (network, service) = (&group.networks[0], &group.services[0]);
            assert_eq!((network.mode.as_str(), network.reserved_ports[0].value), ("host", port));
            assert_eq!(network.reserved_ports[0].label, service.port_label);
            assert_eq!(
                (service.name.as_str(), service.provider.as_str(), service.checks.len()),
                (name.as_str(), "nomad", 1)
            );
            let task = &group.tasks[0];
            assert_eq!((task.name.as_str(), task.driver.as_str()), (name.as_str(), "docker"));
            assert_eq!(task.config["cap_drop"], serde_json::json!(["all"]));
            assert!(task.resources["MemoryMB"].as_u64().unwrap() <= 512);
            let secrets = task.templates.last().unwrap();
            assert!(secrets.envvars && secrets.err_missing_key && secrets.change_mode == "restart");
            assert_eq!(secrets.dest_path, format!("secrets/{job}.env"));
            assert!(secrets.embedded_tmpl.contains("FORWARD_AUTH_SECRET={{ .forward_auth_secret | toJSON }}"));
        }
    }
}

#[test]
fn the_edge_has_the_caddyfile_of_its_mode_and_the_chat_its_settings() {
    for mode in ["subpath", "subdomain"] {
        let deployment = public(mode);
        let edge = parsed(&render(&deployment, Job::Edge).unwrap());
        let template = &edge.task_groups[0].tasks[0].templates[0];
        let text = caddyfile::render(&deployment.site).unwrap();
        assert_eq!(template.embedded_tmpl, text.replace("\"0123456789abcdef\"", "\"{env.FORWARD_AUTH_SECRET}\""));
        let delimiters = [&template.left_delim, &template.right_delim].map(|delimiter| delimiter.clone().unwrap());
        assert!(delimiters.iter().all(|delimiter| !template.embedded_tmpl.contains(delimiter.as_str())));
        let chat = parsed(&render(&deployment, Job::Chat).unwrap());
        let environment = &chat.task_groups[0].tasks[0].env;
        for (name, value) in &settings::for_site(&deployment.site).environment["chat"] {
            assert_eq!(environment.get(name), Some(value));
        }
        assert_eq!((environment["CHAT_HOST"].as_str(), environment["CHAT_PORT"].as_str()), ("0.0.0.0", "8080"));
        assert_eq!(environment["FORGE_URL"], "http://forge:3000");
    }
}

#[test]
fn no_secret_stands_in_a_job_and_none_is_needed() {
    let with = render_all(&public("subpath")).unwrap();
    assert!(!with.contains("0123456789abcdef"));
    let mut without = variables(&[("EDGE_TUNNEL_FQDN", "project.example.com")]);
    without.remove("FORWARD_AUTH_SECRET");
    assert_eq!(render_all(&routes::deployment::read(&without).unwrap()).unwrap(), with);
}

#[test]
fn all_jobs_are_one_object() {
    let deployment = public("subdomain");
    let all: BTreeMap<String, File> = serde_json::from_str(&render_all(&deployment).unwrap()).unwrap();
    assert_eq!(all.keys().collect::<Vec<_>>(), ["chat", "edge"]);
    let whole: serde_json::Value = serde_json::from_str(&render_all(&deployment).unwrap()).unwrap();
    for job in jobs(&deployment) {
        let alone: serde_json::Value = serde_json::from_str(&render(&deployment, job).unwrap()).unwrap();
        assert_eq!(whole[job.to_string()], alone);
    }
}

#[test]
fn a_chat_on_loopback_is_reached_by_the_edge_alone() {
    let deployment = deployment(&[("EDGE_UPSTREAM_CHAT", "127.0.0.1:9000")]);
    let chat = parsed(&render(&deployment, Job::Chat).unwrap());
    assert_eq!(chat.task_groups[0].tasks[0].env["CHAT_HOST"], "127.0.0.1");
    assert_eq!(chat.task_groups[0].networks[0].reserved_ports[0].value, 9000);
}

#[test]
fn without_a_chat_there_is_one_job() {
    let deployment = deployment(&[("EDGE_SERVICES", "forge")]);
    assert_eq!(jobs(&deployment), [Job::Edge]);
    assert_eq!(render(&deployment, Job::Chat).unwrap_err().problems[0].setting, "EDGE_SERVICES");
}
