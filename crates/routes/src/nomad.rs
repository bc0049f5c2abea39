//! The edge and the chat as Nomad jobs, in JSON as `nomad job run -json` takes it.
//!
//! No secret stands in a job, which everybody may read who may read jobs: they come from Nomad's variables at `nomad/jobs/NAME`, and a
//! missing one fails the template instead of leaving `<no value>` behind.

use std::fmt;
use std::net::IpAddr;

use serde_json::{Value, json};

use crate::caddyfile::{SecretSource, render_with};
use crate::deployment::Deployment;
use crate::error::{Problem, RouteError};
use crate::model::{Action, Upstream};
use crate::settings;
use crate::variables::Variables;

/// By this field of a job's metadata a file is known as one that may be written anew.
pub const MARK: &str = "\"rendered-by\": \"edge render\"";

const SECOND: u64 = 1_000_000_000;

/// One of the two jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// The edge: Caddy with the rendered Caddyfile.
    Edge,
    /// The chat.
    Chat,
}

impl fmt::Display for Job {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Job::Edge => "edge",
            Job::Chat => "chat",
        })
    }
}

/// The jobs that a deployment has.
pub fn jobs(deployment: &Deployment) -> Vec<Job> {
    let chat = deployment.site.service_host("chat").map(|_| Job::Chat);
    std::iter::once(Job::Edge).chain(chat).collect()
}

/// One job as JSON, a line break at its end.
///
/// # Errors
/// A deployment that could not be served; the chat's job where there is no chat.
pub fn render(deployment: &Deployment, job: Job) -> Result<String, RouteError> {
    Ok(pretty(&value(deployment, job)?))
}

/// All jobs in one object, by name: `jq .edge` is what [`render`] gives for the edge.
///
/// # Errors
/// A deployment that could not be served.
pub fn render_all(deployment: &Deployment) -> Result<String, RouteError> {
    let jobs: Result<serde_json::Map<String, Value>, RouteError> =
        jobs(deployment).into_iter().map(|job| Ok((job.to_string(), value(deployment, job)?))).collect();
    Ok(pretty(&Value::Object(jobs?)))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// One job.
///
/// # Errors
/// As [`render`].
pub fn value(deployment: &Deployment, job: Job) -> Result<Value, RouteError> {
    match job {
        Job::Edge => edge(deployment),
        Job::Chat => chat(deployment),
    }
}

fn edge(deployment: &Deployment) -> Result<Value, RouteError> {
    let caddyfile = render_with(&deployment.site, SecretSource::Environment)?;
    let mut templates = vec![json!({
        "DestPath": "local/Caddyfile",
        "EmbeddedTmpl": caddyfile,
        // A Caddyfile has braces of its own.
        "LeftDelim": "[[",
        "RightDelim": "]]",
        "ChangeMode": "restart",
    })];
    if jobs(deployment).contains(&Job::Chat) {
        templates.push(secrets(Job::Edge, &["FORWARD_AUTH_SECRET"]));
    }
    let task = json!({
        "Name": "edge",
        "Driver": "docker",
        "Config": {
            "image": deployment.edge_image,
            "network_mode": "host",
            "command": "caddy",
            "args": ["run", "--adapter", "caddyfile", "--config", "/local/Caddyfile"],
            "readonly_rootfs": true,
            "mounts": [tmpfs("/config"), tmpfs("/data")],
            "cap_drop": ["all"],
            "cap_add": ["net_bind_service"],
            "security_opt": ["no-new-privileges"],
            "pids_limit": 128,
        },
        "Templates": templates,
        "Resources": { "CPU": 200, "MemoryMB": 256 },
    });
    Ok(job(deployment, Job::Edge, deployment.site.listens().1, task))
}

fn chat(deployment: &Deployment) -> Result<Value, RouteError> {
    crate::validate::site_without_secret(&deployment.site)?;
    let Some(upstream) = upstream(deployment, "chat") else {
        return Err(
            Problem::new("EDGE_SERVICES", "there is no chat among them, and so no job for it; add `chat`").into()
        );
    };
    let mut environment: Variables =
        settings::for_site(&deployment.site).environment.remove("chat").unwrap_or_default();
    // Where the edge comes by loopback nobody else needs to reach the chat, which is not gated there.
    let loopback = upstream.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    environment.insert("CHAT_HOST".to_owned(), if loopback { upstream.host.clone() } else { "0.0.0.0".to_owned() });
    environment.insert("CHAT_PORT".to_owned(), upstream.port.to_string());
    if let Some(forge) = self::upstream(deployment, "forge") {
        environment.insert("FORGE_URL".to_owned(), format!("http://{forge}"));
    }
    let task = json!({
        "Name": "chat",
        "Driver": "docker",
        "Config": {
            "image": deployment.chat_image,
            "network_mode": "host",
            "readonly_rootfs": true,
            "mounts": [tmpfs("/tmp")],
            "cap_drop": ["all"],
            "security_opt": ["no-new-privileges"],
            "pids_limit": 128,
        },
        "Env": environment,
        "Templates": [secrets(Job::Chat, &["FORWARD_AUTH_SECRET", "CHAT_OAUTH_CLIENT_ID", "CHAT_OAUTH_CLIENT_SECRET"])],
        "Resources": { "CPU": 500, "MemoryMB": 512 },
    });
    Ok(job(deployment, Job::Chat, upstream.port, task))
}

/// Where a service listens.
fn upstream<'a>(deployment: &'a Deployment, service: &str) -> Option<&'a Upstream> {
    deployment.site.routes.iter().filter(|route| route.service == service).find_map(|route| match &route.action {
        Action::Forward(forward) => Some(&forward.upstream),
        Action::Redirect { .. } | Action::Respond { .. } => None,
    })
}

fn job(deployment: &Deployment, job: Job, port: u16, task: Value) -> Value {
    let name = job.to_string();
    json!({ "Job": {
        "ID": name,
        "Name": name,
        "Type": "service",
        "Datacenters": ["*"],
        "Meta": { "rendered-by": "edge render", "routing-mode": deployment.site.mode.as_str() },
        "TaskGroups": [{
            "Name": name,
            "Count": 1,
            "Networks": [{ "Mode": "host", "ReservedPorts": [{ "Label": "http", "Value": port }] }],
            "Services": [{
                "Name": name,
                "Provider": "nomad",
                "PortLabel": "http",
                "Checks": [{ "Name": "listens", "Type": "tcp", "Interval": 10 * SECOND, "Timeout": 2 * SECOND }],
            }],
            "Tasks": [task],
        }],
    }})
}

fn tmpfs(target: &str) -> Value {
    json!({ "type": "tmpfs", "target": target, "tmpfs_options": { "size": 16 << 20 } })
}

/// Secrets as environment variables, each by its name in lower case among Nomad's variables.
fn secrets(job: Job, names: &[&str]) -> Value {
    let lines: Vec<String> =
        names.iter().map(|name| format!("{name}={{{{ .{} | toJSON }}}}\n", name.to_ascii_lowercase())).collect();
    json!({
        "DestPath": format!("secrets/{job}.env"),
        "EmbeddedTmpl": format!("{{{{ with nomadVar \"nomad/jobs/{job}\" }}}}\n{}{{{{ end }}}}\n", lines.concat()),
        "Envvars": true,
        "ErrMissingKey": true,
        "ChangeMode": "restart",
    })
}
