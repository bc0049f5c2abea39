//! A stack stands, is reached on loopback alone, and leaves nothing behind, whatever became of it.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;

use bollard::Docker;
use bollard::query_parameters::ListContainersOptionsBuilder;
use edge_smoke::stack::containers::owner::RUN_LABEL;
use edge_smoke::stack::{Stack, StackOptions, containers};
use scenario::model::{Mode, Service};
use tokio_util::sync::CancellationToken;

use crate::helpers::{Listener, get, needs, options, own, port_of, program, up};

pub(crate) async fn the_stack_stands_is_reached_on_loopback_alone_and_leaves_nothing(docker: Docker) {
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

pub(crate) async fn a_stack_that_does_not_come_up_says_why_and_leaves_nothing(docker: Docker) {
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

pub(crate) async fn a_stack_that_is_called_off_leaves_nothing_wherever_it_was(docker: Docker) {
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

pub(crate) async fn a_stack_that_is_dropped_leaves_nothing(docker: Docker) {
    let stack = up(&needs(&[Service::Staging]), &options()).await.unwrap();
    assert!(!own(&docker).await.is_empty());
    drop(stack);
    assert_eq!(own(&docker).await, Vec::<String>::new());
}

pub(crate) async fn a_stack_that_is_kept_stays_until_its_commands_are_run(docker: Docker) {
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

pub(crate) async fn a_start_that_is_dropped_half_way_leaves_nothing(docker: Docker) {
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

pub(crate) async fn an_overlaid_setting_reaches_the_service(docker: Docker) {
    let mut options = options();
    let lost_prefix = BTreeMap::from([("GITEA__server__ROOT_URL".to_owned(), Some("http://forge:3000/".to_owned()))]);
    options.environment.insert(Service::Forge, lost_prefix);
    let stack = up(&needs(&[Service::Forge]), &options).await.unwrap();
    let page = get(port_of(&stack.site().base_url), "/forge/user/login").await;
    stack.down().await.unwrap();
    assert!(page.contains("href=\"/assets/") && !page.contains("href=\"/forge/assets/"), "{page}");
    assert_eq!(own(&docker).await, Vec::<String>::new());
}

pub(crate) async fn in_subdomain_mode_each_service_has_its_host(docker: Docker) {
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

pub(crate) async fn an_image_that_cannot_be_had_is_named_with_what_to_do(docker: Docker) {
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
pub(crate) fn without_an_engine_it_is_said_at_once_where_one_was_looked_for() {
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
