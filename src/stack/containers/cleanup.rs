//! Removing what carries our label: a run's own things, and what killed runs left behind.

use std::collections::HashMap;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveVolumeOptions,
};
use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::engine::chain;
use super::owner::{KEEP_LABEL, Life, OWNER_LABEL, Owner, RUN_LABEL, start_of};

/// How long a removal may take altogether.
const REMOVE_WITHIN: Duration = Duration::from_secs(30);
/// The pause before the engine is asked again whether all is gone, and what could not be removed yet is tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// What kinds of things a run makes, in the order in which they can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Container,
    Volume,
    Network,
}

/// Something of the engine's that carries our label.
#[derive(Debug, Clone)]
struct Item {
    kind: Kind,
    id: String,
    name: String,
    labels: HashMap<String, String>,
}

/// Removes everything of the run.
///
/// # Errors
/// What is still there, by name, and why.
pub(crate) async fn remove_run(docker: &Docker, run: &str) -> Result<(), String> {
    remove_until_gone(docker, &|item: &Item| item.labels.get(RUN_LABEL).is_some_and(|id| id == run)).await.map(|_| ())
}

/// Removes what runs left whose process is gone, and gives the names of it. What a living process owns stays, and
/// so does what was kept on purpose, and whatever can't be judged from here (another machine's, another
/// container's).
///
/// # Errors
/// What could not be removed, by name, and why.
pub async fn sweep(docker: &Docker) -> Result<Vec<String>, String> {
    let Some(here) = Owner::current() else { return Ok(Vec::new()) };
    remove_until_gone(docker, &|item: &Item| left_behind(&item.labels, &here)).await
}

/// Whether nobody will remove what carries these labels.
fn left_behind(labels: &HashMap<String, String>, here: &Owner) -> bool {
    let owner = labels.get(OWNER_LABEL).and_then(|label| Owner::parse(label));
    !labels.contains_key(KEEP_LABEL) && owner.is_some_and(|owner| owner.life(here, &start_of) == Life::Gone)
}

/// Removes what is chosen, again and again until nothing of it is left: a network, say, can't go before the last
/// container on it has gone, and the engine may still be busy with that.
async fn remove_until_gone(docker: &Docker, chosen: &(dyn Fn(&Item) -> bool + Sync)) -> Result<Vec<String>, String> {
    let deadline = Instant::now() + REMOVE_WITHIN;
    let mut rounds = interval(AGAIN_AFTER);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut removed = Vec::new();
    loop {
        rounds.tick().await;
        let mut items = list(docker)
            .await
            .map_err(|error| format!("the engine can't be asked for what is left: {}", chain(&error)))?;
        items.retain(|item| chosen(item));
        if items.is_empty() {
            removed.sort();
            removed.dedup();
            return Ok(removed);
        }
        let mut failures = Vec::new();
        for kind in [Kind::Container, Kind::Volume, Kind::Network] {
            let of_kind: Vec<&Item> = items.iter().filter(|item| item.kind == kind).collect();
            let results = join_all(of_kind.iter().map(|item| remove(docker, item))).await;
            for (item, result) in of_kind.iter().zip(results) {
                match result {
                    Ok(()) => removed.push(item.name.clone()),
                    Err(error) => failures.push(format!("{}: {}", item.name, chain(&error))),
                }
            }
        }
        if Instant::now() >= deadline {
            return Err(failures.join("; "));
        }
    }
}

async fn remove(docker: &Docker, item: &Item) -> Result<(), Error> {
    let result = match item.kind {
        Kind::Container => {
            let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            docker.remove_container(&item.id, Some(options)).await
        }
        Kind::Volume => docker.remove_volume(&item.id, None::<RemoveVolumeOptions>).await,
        Kind::Network => docker.remove_network(&item.id).await,
    };
    match result {
        // Somebody was faster.
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
        other => other,
    }
}

/// Everything on the engine that carries our label.
async fn list(docker: &Docker) -> Result<Vec<Item>, Error> {
    let filters = HashMap::from([("label", vec![RUN_LABEL])]);
    let containers = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let networks = ListNetworksOptionsBuilder::new().filters(&filters).build();
    let volumes = ListVolumesOptionsBuilder::new().filters(&filters).build();
    let mut items = Vec::new();
    for container in docker.list_containers(Some(containers)).await? {
        let id = container.id.unwrap_or_default();
        let name = container.names.and_then(|names| names.into_iter().next()).unwrap_or_else(|| id.clone());
        let name = format!("container {}", name.trim_start_matches('/'));
        items.push(Item { kind: Kind::Container, id, name, labels: container.labels.unwrap_or_default() });
    }
    for volume in docker.list_volumes(Some(volumes)).await?.volumes.unwrap_or_default() {
        let name = format!("volume {}", volume.name);
        items.push(Item { kind: Kind::Volume, id: volume.name, name, labels: volume.labels });
    }
    for network in docker.list_networks(Some(networks)).await? {
        let name = format!("network {}", network.name.unwrap_or_default());
        let labels = network.labels.unwrap_or_default();
        items.push(Item { kind: Kind::Network, id: network.id.unwrap_or_default(), name, labels });
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn only_what_nobody_will_remove_is_left_behind() {
        let here = Owner::current().unwrap();
        // No process has this id: it is beyond the kernel's greatest (2^22).
        let gone = Owner { process: 5_000_000, ..here.clone() };
        let elsewhere = Owner { host: format!("not-{}", here.host), ..gone.clone() };
        let labels = |owner: &Owner| {
            HashMap::from([(RUN_LABEL.to_owned(), "x".to_owned()), (OWNER_LABEL.to_owned(), owner.to_string())])
        };
        assert!(left_behind(&labels(&gone), &here));
        assert!(!left_behind(&labels(&here), &here));
        assert!(!left_behind(&labels(&elsewhere), &here));
        let mut kept = labels(&gone);
        kept.insert(KEEP_LABEL.to_owned(), "true".to_owned());
        assert!(!left_behind(&kept, &here));
        assert!(!left_behind(&HashMap::from([(RUN_LABEL.to_owned(), "x".to_owned())]), &here));
    }
}
