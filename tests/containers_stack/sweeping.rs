//! What runs leave that were killed.

use std::collections::{BTreeMap, HashMap};
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use bollard::Docker;
use bollard::models::{ContainerCreateBody, NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::{CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, RemoveVolumeOptions};
use edge_smoke::stack::Stack;
use edge_smoke::stack::containers::owner::{KEEP_LABEL, OWNER_LABEL, Owner, RUN_LABEL};
use edge_smoke::stack::containers::{self, sweep};
use scenario::model::Service;
use tokio_util::sync::CancellationToken;

use crate::helpers::{Listener, labelled, needs, options, program};

pub(crate) async fn what_a_killed_run_left_is_swept_away_and_nothing_else(docker: Docker) {
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

pub(crate) async fn what_a_run_leaves_that_is_killed_the_next_one_removes(docker: Docker) {
    let reports = tempfile::tempdir().unwrap();
    let mut command = program(&["run", "scenarios/staging.yaml", "--stack", "containers"], &reports);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = containers::owner::start_of(child.id()).unwrap();
    let owner = Owner { process: child.id(), started: start, ..Owner::current().unwrap() };
    let label = format!("{OWNER_LABEL}={owner}");
    let deadline = Duration::from_secs(60);
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
