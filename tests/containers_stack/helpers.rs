//! What these tests share: the engine, what is on it, and a way to the edge.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use bollard::Docker;
use bollard::exec::StartExecResults;
use bollard::models::ExecConfig;
use bollard::query_parameters::{ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder};
use edge_smoke::engine::events::{Event, Sink};
use edge_smoke::stack::containers::owner::{OWNER_LABEL, Owner};
use edge_smoke::stack::containers::{self, Containers, engine};
use edge_smoke::stack::{Late, Needs, Stack, StackOptions};
use futures_util::StreamExt;
use scenario::model::{Mode, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

/// With the images that the environment names, so that the suite runs on others, too.
pub(crate) fn options() -> StackOptions {
    StackOptions { images: named_images(), ..StackOptions::new(Mode::Subpath) }
}

fn named_images() -> BTreeMap<Service, String> {
    edge_smoke::images::overrides(&|name| std::env::var(name).ok())
}

pub(crate) fn needs(services: &[Service]) -> Needs {
    Needs { services: services.iter().copied().collect() }
}

/// Takes what is told of the stack coming up.
pub(crate) struct Listener<F: Fn(String) + Send + Sync>(pub(crate) F);

impl<F: Fn(String) + Send + Sync> Sink for Listener<F> {
    fn emit(&self, event: Event) {
        if let Event::StackProgress(text) | Event::Notice(text) = event {
            (self.0)(text);
        }
    }
}

/// Stands a stack up with nobody listening, and waits for the repository at its forge.
pub(crate) async fn up(needs: &Needs, options: &StackOptions) -> Result<Containers, Trouble> {
    let stack = containers::up(needs, options, &Listener(|_| {}), &CancellationToken::new()).await?;
    stack.arrivals().wait_for(Late::Repository).await?;
    Ok(stack)
}

/// The engine, where there is one with all images; else why not.
pub(crate) async fn engine_with_images() -> Result<Docker, String> {
    engine().await.map_err(|trouble| trouble.message)?;
    let rows = edge_smoke::images::list(&named_images()).await.map_err(|trouble| trouble.message)?;
    let missing: BTreeSet<&str> = rows.iter().filter(|row| row.used.is_none()).map(|row| row.wanted()).collect();
    if !missing.is_empty() {
        return Err(format!("these images are missing: {missing:?}"));
    }
    testcontainers::core::client::docker_client_instance().await.map_err(|error| error.to_string())
}

/// The names of everything that carries the label.
pub(crate) async fn labelled(docker: &Docker, label: &str) -> Vec<String> {
    let filters = HashMap::from([("label", vec![label])]);
    let mut names = Vec::new();
    let containers = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    names.extend(docker.list_containers(Some(containers)).await.unwrap().into_iter().filter_map(|item| item.id));
    let volumes = ListVolumesOptionsBuilder::new().filters(&filters).build();
    names.extend(
        docker.list_volumes(Some(volumes)).await.unwrap().volumes.unwrap_or_default().into_iter().map(|item| item.name),
    );
    let networks = ListNetworksOptionsBuilder::new().filters(&filters).build();
    names.extend(docker.list_networks(Some(networks)).await.unwrap().into_iter().filter_map(|item| item.name));
    names
}

/// The names of all volumes that no container uses, whoever made them.
pub(crate) async fn unused_volumes(docker: &Docker) -> BTreeSet<String> {
    let filters = HashMap::from([("dangling", vec!["true"])]);
    let unused = ListVolumesOptionsBuilder::new().filters(&filters).build();
    let answer = docker.list_volumes(Some(unused)).await.unwrap();
    answer.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect()
}

/// Everything of this process's.
pub(crate) async fn own(docker: &Docker) -> Vec<String> {
    labelled(docker, &format!("{OWNER_LABEL}={}", Owner::current().unwrap())).await
}

/// What a shell line says in a service's container of a run.
pub(crate) async fn inside(docker: &Docker, run: &str, service: &str, line: &str) -> String {
    let command = ExecConfig {
        attach_stdout: Some(true),
        cmd: Some(["sh", "-c", line].map(str::to_owned).to_vec()),
        ..ExecConfig::default()
    };
    let exec = docker.create_exec(&format!("edge-smoke-{run}-{service}"), command).await.unwrap();
    let StartExecResults::Attached { mut output, .. } = docker.start_exec(&exec.id, None).await.unwrap() else {
        panic!("detached");
    };
    let mut said = Vec::new();
    while let Some(piece) = output.next().await {
        said.extend_from_slice(&piece.unwrap().into_bytes());
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// A request of our own making, as the stack's address must be reached without any of its help.
pub(crate) async fn get(port: u16, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: edge.test:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) fn port_of(base_url: &str) -> u16 {
    base_url.strip_prefix("http://edge.test:").unwrap().parse().unwrap()
}

/// The program with these arguments, its reports in a folder that goes away.
pub(crate) fn program(arguments: &[&str], reports: &tempfile::TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edge-smoke"));
    command.args(arguments).arg("--report-dir").arg(reports.path());
    command.env_remove("DOCKER_HOST").stdin(Stdio::null());
    command
}
