//! What runs leave that were killed.

use std::collections::{BTreeMap, HashMap};
use std::process::Stdio;
use std::time::Duration;

use bollard::Docker;
use bollard::models::{ContainerCreateBody, NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListContainersOptionsBuilder, ListNetworksOptions, ListVolumesOptions,
    RemoveContainerOptionsBuilder, RemoveVolumeOptions,
};
use edge_smoke::stack::Stack;
use edge_smoke::stack::containers::owner::{KEEP_LABEL, OWNER_LABEL, Owner, RUN_LABEL};
use edge_smoke::stack::containers::{self, sweep};
use scenario::model::Service;

use crate::helpers::{labelled, needs, options, program, up};

pub(crate) async fn what_a_killed_run_left_is_swept_away_and_nothing_else(docker: Docker) {
    let living = Owner::current().unwrap();
    // No process has this id: it is beyond the kernel's greatest (2^22).
    let gone = Owner { process: 5_000_000, ..living.clone() };
    let elsewhere = Owner { host: "another-machine".to_owned(), ..gone.clone() };
    let image = edge_smoke::images::list(&BTreeMap::new()).await.unwrap().remove(0).used.unwrap().0.image;
    let names = ["gone", "living", "elsewhere", "kept"].map(|name| format!("{name}-{}", std::process::id()));
    for (name, (owner, keep)) in
        names.iter().zip([(&gone, false), (&living, false), (&elsewhere, false), (&gone, true)])
    {
        leave(&docker, &image, name, owner, keep).await;
    }
    let swept = sweep(&docker).await;
    let mut left = Vec::new();
    for name in &names {
        let things = labelled(&docker, &format!("{RUN_LABEL}={name}")).await;
        left.push(things.len());
        for thing in things {
            let _ =
                docker.remove_container(&thing, Some(RemoveContainerOptionsBuilder::new().force(true).build())).await;
            let _ = docker.remove_volume(&thing, None::<RemoveVolumeOptions>).await;
            let _ = docker.remove_network(&thing).await;
        }
    }
    // Another run on this engine may have swept first: what counts is what is left.
    assert!(swept.is_ok(), "{swept:?}");
    assert_eq!(left, [0, 3, 3, 3], "of {names:?}");
}

pub(crate) async fn what_a_run_leaves_that_is_killed_the_next_one_removes(docker: Docker) {
    // Killed with so many things made: in the middle of making the next one.
    for things in [1, 2, 4] {
        let run = killed_run(&docker, things).await;
        let stack = up(&needs(&[Service::Staging]), &options()).await.unwrap();
        stack.down().await.unwrap();
        // What the engine was about to make when the run was killed may have come after that.
        let gone = async {
            while !named(&docker, &run).await.is_empty() {
                sweep(&docker).await.unwrap();
            }
        };
        let gone = tokio::time::timeout(Duration::from_secs(30), gone).await;
        assert!(gone.is_ok(), "{things}: {:?}", named(&docker, &run).await);
    }
}

/// Starts the program, kills it as soon as it has made so many things, and gives the beginning of their names.
async fn killed_run(docker: &Docker, things: usize) -> String {
    let reports = tempfile::tempdir().unwrap();
    let mut command = program(&["run", "scenarios/staging.yaml", "--stack", "containers"], &reports);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let started = containers::owner::start_of(child.id()).unwrap();
    let owner = Owner { process: child.id(), started, ..Owner::current().unwrap() };
    let label = format!("{OWNER_LABEL}={owner}");
    let has_made = async {
        while labelled(docker, &label).await.len() < things {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
        }
    };
    tokio::time::timeout(Duration::from_secs(60), has_made).await.unwrap();
    let network = labelled(docker, &label).await.into_iter().find(|name| name.ends_with("-stack")).unwrap();
    let run = network.trim_end_matches("stack").to_owned();
    // While it lives, nobody takes anything from it.
    let removed = sweep(docker).await.unwrap();
    assert!(!removed.iter().any(|name| name.contains(&run)), "{removed:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    run
}

/// Everything whose name begins like this, labelled or not.
async fn named(docker: &Docker, run: &str) -> Vec<String> {
    let containers = ListContainersOptionsBuilder::new().all(true).build();
    let containers = docker.list_containers(Some(containers)).await.unwrap();
    let mut names: Vec<String> = containers.into_iter().flat_map(|item| item.names.unwrap_or_default()).collect();
    let volumes = docker.list_volumes(None::<ListVolumesOptions>).await.unwrap().volumes.unwrap_or_default();
    names.extend(volumes.into_iter().map(|item| item.name));
    let networks = docker.list_networks(None::<ListNetworksOptions>).await.unwrap();
    names.extend(networks.into_iter().filter_map(|item| item.name));
    names.retain(|name| name.trim_start_matches('/').starts_with(run));
    names
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
