//! The containers stack up, beside the same critical path by hand: forge ready → first user → OAuth application → CI ready.
//!
//! By hand there is no edge and no confinement, and what is ready is asked at its own address, every 10 ms. Our stack has both, makes a
//! demo repository besides, and is asked by the edge. The CI's agent is on neither path: here it follows when the stack is ready, and
//! who needs it waits for it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::child::Run;
use crate::{line, milliseconds};

const PASSWORD: &str = "by-hand-0123456789";
/// How long a service may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Images that are there on every machine where the gate ran: looking for others in a registry is on nobody's path.
const CI: &str = "ci=edge-smoke/double:0.1.0";
const AGENT: &str = "ci-agent=edge-smoke/double:0.1.0";

/// How many runs of each.
const RUNS: usize = 25;

/// Alternating runs; the medians are compared.
pub(crate) fn beside_by_hand() {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/ci-dashboard.yaml");
    let (mut ours, mut hands) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let report = Run::once(&[scenario, "--stack", "containers", "--image", CI, "--image", AGENT]).report();
        ours.push(Duration::from_secs_f64(report["stack_ready_ms"].as_f64().unwrap_or(f64::NAN) / 1000.0));
        hands.push(by_hand(image(&report, "forge"), image(&report, "ci")));
    }
    let (measured, yardstick) = (median(ours), median(hands));
    let ratio = measured.as_secs_f64() / yardstick.as_secs_f64();
    line("containers stack ready (by hand)", milliseconds(measured), milliseconds(yardstick), ratio, "1.10×");
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort();
    durations[durations.len() / 2]
}

fn image<'report>(report: &'report Value, service: &str) -> &'report str {
    let services = report["stack"]["services"].as_array().into_iter().flatten();
    let found = services.filter(|one| one["name"] == service).find_map(|one| one["image"].as_str());
    found.unwrap_or_else(|| panic!("the report names no image of {service}"))
}

/// The containers and the network of one run by hand; they go when it ends.
struct Made(String);

impl Drop for Made {
    fn drop(&mut self) {
        let Self(name) = self;
        let containers = ["forge", "ci"].map(|service| format!("{name}-{service}"));
        let remove = ["rm", "-fv"].into_iter().chain(containers.iter().map(String::as_str)).collect();
        for rest in [remove, vec!["network", "rm", name]] {
            let _ = Command::new("docker").args(rest).output();
        }
    }
}

/// How long it takes until the CI is ready.
fn by_hand(forge: &str, ci: &str) -> Duration {
    let name = format!("by-hand-{}", std::process::id());
    let made = Made(name.clone());
    let started = Instant::now();
    docker(&["network", "create", &name]);
    let container = format!("{name}-forge");
    let root_url = "GITEA__server__ROOT_URL=http://forge:3000/";
    let mut arguments = vec!["run", "-d", "--name", &container, "--network", &name, "--network-alias", "forge"];
    let settings = [
        root_url,
        "GITEA__server__HTTP_PORT=3000",
        "GITEA__server__OFFLINE_MODE=true",
        "GITEA__server__DISABLE_SSH=true",
        "GITEA__database__DB_TYPE=sqlite3",
        "GITEA__security__INSTALL_LOCK=true",
        "GITEA__actions__ENABLED=false",
        "GITEA__cron__ENABLED=false",
    ];
    settings.iter().for_each(|setting| arguments.extend(["-e", setting]));
    arguments.push(forge);
    docker(&arguments);
    let address = address(&container);
    until_ok(&address, 3000, "/api/healthz");
    let create = format!(
        "tool=$(command -v forgejo || command -v gitea); exec \"$tool\" admin user create --admin --username smoke \
         --email smoke@example.org --password {PASSWORD} --must-change-password=false"
    );
    docker(&["exec", "--user", "git", &container, "sh", "-c", &create]);
    let body = r#"{"name": "ci", "redirect_uris": ["http://ci:8000/authorize"], "confidential_client": true}"#;
    let made_there = ask(&address, 3000, "POST", "/api/v1/user/applications/oauth2", body)
        .and_then(|answer| serde_json::from_str::<Value>(answer.split_once("\r\n\r\n")?.1).ok())
        .unwrap_or_else(|| panic!("no application was made"));
    let field = |key: &str| made_there[key].as_str().unwrap_or_default().to_owned();
    let container = format!("{name}-ci");
    let mut arguments = vec!["run", "-d", "--name", &container, "--network", &name, "--network-alias", "ci"];
    arguments.extend(["--entrypoint", "/bin/woodpecker-server"]);
    let settings = [
        "WOODPECKER_HOST=http://ci:8000".to_owned(),
        "WOODPECKER_OPEN=true".to_owned(),
        "WOODPECKER_ADMIN=smoke".to_owned(),
        "WOODPECKER_GITEA=true".to_owned(),
        "WOODPECKER_FORGEJO=false".to_owned(),
        "WOODPECKER_FORGEJO_URL=http://forge:3000".to_owned(),
        format!("WOODPECKER_FORGEJO_CLIENT={}", field("client_id")),
        format!("WOODPECKER_FORGEJO_SECRET={}", field("client_secret")),
        "WOODPECKER_AGENT_SECRET=by-hand".to_owned(),
        "WOODPECKER_GRPC_SECRET=by-hand".to_owned(),
    ];
    settings.iter().for_each(|setting| arguments.extend(["-e", setting]));
    arguments.push(ci);
    docker(&arguments);
    until_ok(&self::address(&container), 8000, "/healthz");
    let ready = started.elapsed();
    drop(made);
    ready
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap_or_else(|error| panic!("docker: {error}"));
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn address(container: &str) -> String {
    docker(&["inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", container])
}

fn until_ok(address: &str, port: u16, path: &str) {
    let is_ok = || ask(address, port, "GET", path, "").is_some_and(|answer| answer.starts_with("HTTP/1.1 2"));
    until(&is_ok, &format!("{address}:{port}{path}"));
}

fn until(is_ready: &dyn Fn() -> bool, what: &str) {
    let started = Instant::now();
    while !is_ready() {
        assert!(started.elapsed() < PATIENCE, "{what} isn't ready within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn ask(address: &str, port: u16, method: &str, path: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect((address, port)).ok()?;
    let credentials = STANDARD.encode(format!("smoke:{PASSWORD}"));
    let authorization = if body.is_empty() { String::new() } else { format!("Authorization: Basic {credentials}\r\n") };
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{authorization}Content-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}
