//! The containers stack on a real engine: it stands, is reached on loopback alone, and leaves nothing behind.

mod support;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;

use bollard::Docker;
use bollard::models::{ContainerCreateBody, NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
    RemoveContainerOptionsBuilder, RemoveVolumeOptions,
};
use edge_smoke::engine::events::{Event, Sink};
use edge_smoke::stack::containers::owner::{KEEP_LABEL, OWNER_LABEL, Owner, RUN_LABEL};
use edge_smoke::stack::containers::{self, Containers, engine, sweep};
use edge_smoke::stack::{Needs, Stack, StackOptions};
use scenario::model::{Mode, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

fn options() -> StackOptions {
    StackOptions {
        mode: Mode::Subpath,
        images: BTreeMap::new(),
        environment: BTreeMap::new(),
        pull: false,
        keep: false,
    }
}

fn needs(services: &[Service]) -> Needs {
    Needs { services: services.iter().copied().collect() }
}

/// Takes what is told of the stack coming up.
struct Listener<F: Fn(String) + Send + Sync>(F);

impl<F: Fn(String) + Send + Sync> Sink for Listener<F> {
    fn emit(&self, event: Event) {
        if let Event::StackProgress(text) | Event::Notice(text) = event {
            (self.0)(text);
        }
    }
}

/// Stands a stack up with nobody listening.
async fn up(needs: &Needs, options: &StackOptions) -> Result<Containers, Trouble> {
    containers::up(needs, options, &Listener(|_| {}), &CancellationToken::new()).await
}

/// The engine, where there is one with all images.
async fn engine_with_images() -> Option<Docker> {
    let there = async {
        engine().await.map_err(|trouble| trouble.message)?;
        let rows = edge_smoke::images::list(&BTreeMap::new()).await.map_err(|trouble| trouble.message)?;
        let missing: BTreeSet<String> =
            rows.iter().filter(|row| row.used.is_none()).map(|row| row.official.clone()).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("these images are missing: {missing:?}")) }
    };
    if !support::require("containers", there.await) {
        return None;
    }
    Some(testcontainers::core::client::docker_client_instance().await.unwrap())
}

/// The names of everything that carries the label.
async fn labelled(docker: &Docker, label: &str) -> Vec<String> {
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

/// Everything of this process's.
async fn own(docker: &Docker) -> Vec<String> {
    labelled(docker, &format!("{OWNER_LABEL}={}", Owner::current().unwrap())).await
}

/// A request of our own making, as the stack's address must be reached without any of its help.
async fn get(port: u16, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: edge.test:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn port_of(base_url: &str) -> u16 {
    base_url.strip_prefix("http://edge.test:").unwrap().parse().unwrap()
}

/// The tests take turns: what one leaves must not be another's.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn the_stack_stands_is_reached_on_loopback_alone_and_leaves_nothing() {
    let _turn = TURN.lock().await;
    let Some(docker) = engine_with_images().await else { return };
    let told = Mutex::new(Vec::new());
    let progress = |text: String| told.lock().unwrap().push(text);
    let needs = needs(&[Service::Edge, Service::Forge, Service::Staging]);
    let stack = containers::up(&needs, &options(), &Listener(progress), &CancellationToken::new()).await.unwrap();
    let told = std::mem::take(&mut *told.lock().unwrap());
    for service in ["edge", "forge", "staging"] {
        assert!(told.iter().any(|text| text.starts_with(&format!("{service} is ready after "))), "{told:?}");
    }
    for service in stack.facts().services {
        let version = service.version.unwrap();
        assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{}: {version}", service.name);
    }

    let port = port_of(&stack.site().base_url);
    assert!(get(port, "/forge/api/healthz").await.starts_with("HTTP/1.1 200"));
    assert!(get(port, "/staging/").await.starts_with("HTTP/1.1 200"));
    assert!(stack.troubles().await.is_empty());
    assert_eq!(stack.site().resolve, [("edge.test".to_owned(), IpAddr::V4(Ipv4Addr::LOCALHOST))]);

    let filters = HashMap::from([("label", vec![format!("{RUN_LABEL}={}", stack.run_id())])]);
    let list = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let mut published = Vec::new();
    for container in docker.list_containers(Some(list)).await.unwrap() {
        for port in container.ports.unwrap_or_default() {
            if let (Some(address), Some(public)) = (port.ip, port.public_port) {
                published.push((address, public));
            }
        }
    }
    assert_eq!(published, [("127.0.0.1".to_owned(), port)]);

    stack.down().await.unwrap();
    assert_eq!(own(&docker).await, Vec::<String>::new());
    stack.down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_does_not_come_up_says_why_and_leaves_nothing() {
    let _turn = TURN.lock().await;
    let Some(docker) = engine_with_images().await else { return };
    let mut options = options();
    // The forge refuses to start with this.
    let wrong = BTreeMap::from([("GITEA__database__DB_TYPE".to_owned(), Some("no-such-database".to_owned()))]);
    options.environment.insert(Service::Forge, wrong);
    let needs = needs(&[Service::Forge, Service::Staging]);
    let trouble = up(&needs, &options).await.err().unwrap();
    assert_eq!(trouble.service.as_deref(), Some("forge"), "{trouble:?}");
    assert!(trouble.message.contains("ended with exit code"), "{trouble:?}");
    assert!(trouble.log.iter().any(|line| line.contains("no-such-database")), "{trouble:?}");
    assert_eq!(own(&docker).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_called_off_leaves_nothing_wherever_it_was() {
    let _turn = TURN.lock().await;
    let Some(docker) = engine_with_images().await else { return };
    let needs = needs(&[Service::Forge, Service::Staging]);
    // Each of the first things that it tells of is a place to be called off at.
    for place in 0..4 {
        let cancel = CancellationToken::new();
        let told = Mutex::new(0);
        let progress = |_: String| {
            let mut told = told.lock().unwrap();
            if *told == place {
                cancel.cancel();
            }
            *told += 1;
        };
        let trouble = containers::up(&needs, &options(), &Listener(progress), &cancel).await.err().unwrap();
        assert_eq!(trouble.message, "interrupted", "place {place}");
        assert_eq!(own(&docker).await, Vec::<String>::new(), "place {place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_dropped_leaves_nothing() {
    let _turn = TURN.lock().await;
    let Some(docker) = engine_with_images().await else { return };
    let stack = up(&needs(&[Service::Staging]), &options()).await.unwrap();
    assert!(!own(&docker).await.is_empty());
    drop(stack);
    assert_eq!(own(&docker).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_kept_stays_until_its_commands_are_run() {
    let _turn = TURN.lock().await;
    let Some(docker) = engine_with_images().await else { return };
    let told = Mutex::new(Vec::new());
    let options = StackOptions { keep: true, ..options() };
    let listener = Listener(|text| told.lock().unwrap().push(text));
    let needs = needs(&[Service::Staging]);
    let stack = containers::up(&needs, &options, &listener, &CancellationToken::new()).await.unwrap();
    let port = port_of(&stack.site().base_url);
    stack.down().await.unwrap();
    drop(stack);
    assert!(get(port, "/staging/").await.starts_with("HTTP/1.1 200"));
    let told = told.lock().unwrap().clone();
    let commands = told.iter().find_map(|text| text.strip_prefix("the stack will be kept; this removes it: ")).unwrap();
    let removal = std::process::Command::new("sh").args(["-c", commands]).output().unwrap();
    assert!(removal.status.success(), "{removal:?}");
    assert_eq!(own(&docker).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_dropped_half_way_leaves_nothing() {
    let _turn = TURN.lock().await;
    let Some(docker) = engine_with_images().await else { return };
    let (started, is_started) = tokio::sync::oneshot::channel();
    let started = Mutex::new(Some(started));
    let progress = |_: String| {
        if let Some(started) = started.lock().unwrap().take() {
            let _ = started.send(());
        }
    };
    let (needs, options, listener, cancel) =
        (needs(&[Service::Forge]), options(), Listener(progress), CancellationToken::new());
    tokio::select! {
        _ = containers::up(&needs, &options, &listener, &cancel) => panic!("too fast to be dropped"),
        result = is_started => result.unwrap(),
    }
    // What was under way ends by itself; it is awaited, not slept for.
    let gone = async {
        while !own(&docker).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overlaid_setting_reaches_the_service() {
    let _turn = TURN.lock().await;
    let Some(docker) = engine_with_images().await else { return };
    let mut options = options();
    let lost_prefix = BTreeMap::from([("GITEA__server__ROOT_URL".to_owned(), Some("http://forge:3000/".to_owned()))]);
    options.environment.insert(Service::Forge, lost_prefix);
    let stack = up(&needs(&[Service::Forge]), &options).await.unwrap();
    let page = get(port_of(&stack.site().base_url), "/forge/user/login").await;
    stack.down().await.unwrap();
    assert!(page.contains("href=\"/assets/") && !page.contains("href=\"/forge/assets/"), "{page}");
    assert_eq!(own(&docker).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn in_subdomain_mode_each_service_has_its_host() {
    let _turn = TURN.lock().await;
    let Some(docker) = engine_with_images().await else { return };
    let options = StackOptions { mode: Mode::Subdomain, ..options() };
    let needs = needs(&[Service::Forge, Service::Staging]);
    let stack = up(&needs, &options).await.unwrap();
    let port = port_of(&stack.site().base_url);
    let urls = stack.site().services.clone();
    stack.down().await.unwrap();
    assert_eq!(urls[&Service::Forge], format!("http://forge.edge.test:{port}"));
    assert_eq!(urls[&Service::Staging], format!("http://edge.test:{port}"));
    assert_eq!(own(&docker).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_run_left_is_swept_away_and_nothing_else() {
    let _turn = TURN.lock().await;
    let Some(docker) = engine_with_images().await else { return };
    let living = Owner::current().unwrap();
    // No process has this id: it is beyond the kernel's greatest (2^22).
    let gone = Owner { process: 5_000_000, ..living.clone() };
    let elsewhere = Owner { host: "another-machine".to_owned(), ..gone.clone() };
    let image = edge_smoke::images::list(&BTreeMap::new()).await.unwrap().remove(0).used.unwrap().0.image;
    let marks =
        [("gone", &gone, false), ("living", &living, false), ("elsewhere", &elsewhere, false), ("kept", &gone, true)];
    for (name, owner, keep) in marks {
        leave(&docker, &image, name, owner, keep).await;
    }
    let removed = sweep(&docker).await.unwrap();
    let mut left = Vec::new();
    for (name, ..) in marks {
        left.push((name, labelled(&docker, &format!("{RUN_LABEL}={name}")).await.len()));
        for thing in labelled(&docker, &format!("{RUN_LABEL}={name}")).await {
            let _ =
                docker.remove_container(&thing, Some(RemoveContainerOptionsBuilder::new().force(true).build())).await;
            let _ = docker.remove_volume(&thing, None::<RemoveVolumeOptions>).await;
            let _ = docker.remove_network(&thing).await;
        }
    }
    assert_eq!(left, [("gone", 0), ("living", 3), ("elsewhere", 3), ("kept", 3)]);
    assert_eq!(removed, ["container edge-smoke-gone", "network edge-smoke-gone", "volume edge-smoke-gone"]);
}

/// A container, a volume and a network as a run of that owner would leave them.
async fn leave(docker: &Docker, image: &str, name: &str, owner: &Owner, keep: bool) {
    let mut labels =
        HashMap::from([(RUN_LABEL.to_owned(), name.to_owned()), (OWNER_LABEL.to_owned(), owner.to_string())]);
    if keep {
        labels.insert(KEEP_LABEL.to_owned(), "true".to_owned());
    }
    let name = format!("edge-smoke-{name}");
    let network = NetworkCreateRequest { name: name.clone(), labels: Some(labels.clone()), ..Default::default() };
    docker.create_network(network).await.unwrap();
    let volume = VolumeCreateRequest { name: Some(name.clone()), labels: Some(labels.clone()), ..Default::default() };
    docker.create_volume(volume).await.unwrap();
    let body = ContainerCreateBody { image: Some(image.to_owned()), labels: Some(labels), ..Default::default() };
    let options = CreateContainerOptionsBuilder::new().name(&name).build();
    docker.create_container(Some(options), body).await.unwrap();
}

/// The program with these arguments, its reports in a folder that goes away.
fn program(arguments: &[&str], reports: &tempfile::TempDir) -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_edge-smoke"));
    command.args(arguments).arg("--report-dir").arg(reports.path());
    command.env_remove("DOCKER_HOST").stdin(std::process::Stdio::null());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_leaves_that_is_killed_the_next_one_removes() {
    let _turn = TURN.lock().await;
    let Some(docker) = engine_with_images().await else { return };
    let reports = tempfile::tempdir().unwrap();
    let mut command = program(&["run", "scenarios/staging.yaml", "--stack", "containers"], &reports);
    let mut child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let start = containers::owner::start_of(child.id()).unwrap();
    let owner = Owner { process: child.id(), started: start, ..Owner::current().unwrap() };
    let label = format!("{OWNER_LABEL}={owner}");
    let deadline = std::time::Duration::from_secs(60);
    // It has a container by now, and is not yet done with it.
    let started = async {
        while labelled(&docker, &label).await.len() < 3 {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
        }
    };
    tokio::time::timeout(deadline, started).await.unwrap();
    // While it lives, nobody takes anything from it.
    let before = sweep(&docker).await.unwrap();
    assert!(before.is_empty(), "{before:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!labelled(&docker, &label).await.is_empty());

    let told = Mutex::new(Vec::new());
    let listener = Listener(|text| told.lock().unwrap().push(text));
    let needs = needs(&[Service::Staging]);
    let stack = containers::up(&needs, &options(), &listener, &CancellationToken::new()).await.unwrap();
    stack.down().await.unwrap();
    let told = told.lock().unwrap().clone();
    assert!(
        told.iter().any(|text| text.starts_with("removed what a killed run had left: container edge-smoke-")),
        "{told:?}"
    );
    // What the engine was about to make for it when it was killed may have come after that.
    let gone = async {
        while !labelled(&docker, &label).await.is_empty() {
            sweep(&docker).await.unwrap();
        }
    };
    tokio::time::timeout(deadline, gone).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_cannot_be_had_is_named_with_what_to_do() {
    let _turn = TURN.lock().await;
    let Some(docker) = engine_with_images().await else { return };
    // Nobody listens there: the registry's answer doesn't depend on a network.
    let image = "127.0.0.1:1/no/such:image";
    let mut options = options();
    options.images.insert(Service::Edge, image.to_owned());
    for (pull, why) in [(false, "the engine doesn't have it, and pulling is off"), (true, "connection refused")] {
        options.pull = pull;
        let trouble = up(&needs(&[Service::Staging]), &options).await.err().unwrap();
        assert_eq!(trouble.service.as_deref(), Some("edge"));
        assert!(trouble.message.starts_with(&format!("the image {image} can't be had: ")), "{trouble:?}");
        assert!(trouble.message.contains(why), "{trouble:?}");
        assert!(trouble.help.unwrap().contains("--image edge"));
    }
    assert_eq!(own(&docker).await, Vec::<String>::new());
}

/// Needs no engine: this is about there being none.
#[test]
fn without_an_engine_it_is_said_at_once_where_one_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let silent = folder.path().join("silent.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&silent).unwrap();
    let absent = folder.path().join("absent.sock");
    for (socket, why) in [(&absent, "Socket not found"), (&silent, "no answer within 2 s")] {
        let address = format!("unix://{}", socket.display());
        let begun = std::time::Instant::now();
        let mut command = program(&["run", "scenarios/staging.yaml", "--stack", "containers"], &folder);
        let output = command.env("DOCKER_HOST", &address).output().unwrap();
        let took = begun.elapsed();
        // The text is broken into lines for people.
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains(&format!("no container engine answers at DOCKER_HOST={address}")), "{said}");
        assert!(said.contains(why) && said.contains("--stack embedded"), "{said}");
        assert!(took < std::time::Duration::from_secs(10), "{took:?}");
    }
}
