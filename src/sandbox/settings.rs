//! What the engine says of a container.

use bollard::models::{ContainerInspectResponse, HostConfig};

use super::Promise;
use super::settings_mounts;

/// The memory that a container of the chat may use, in bytes.
const MEMORY: i64 = 512 * 1024 * 1024;

/// The processes and threads that it may have.
const PIDS: i64 = 128;

/// All promises that the container's settings can keep or break. No value of its environment is among the words.
pub fn promises(container: &ContainerInspectResponse) -> Vec<Promise> {
    let host = container.host_config.clone().unwrap_or_default();
    let mut promises = vec![
        running(container),
        Promise::new(
            "read-only-root",
            host.readonly_rootfs == Some(true),
            format!("ReadonlyRootfs is {:?}", host.readonly_rootfs.unwrap_or_default()),
        ),
        capabilities(&host),
        Promise::new(
            "not-privileged",
            host.privileged != Some(true),
            format!("Privileged is {}", host.privileged.unwrap_or_default()),
        ),
        no_new_privileges(&host),
        profiles(&host),
        bound("memory", host.memory, MEMORY, "bytes"),
        bound("pids", host.pids_limit, PIDS, "processes"),
        user(container),
        namespaces(&host),
        devices(&host),
        published(&host),
    ];
    promises.extend(settings_mounts::promises(container, &host));
    promises
}

fn running(container: &ContainerInspectResponse) -> Promise {
    let state = container.state.as_ref();
    let status =
        state.and_then(|state| state.status.as_ref()).map_or_else(|| "unknown".to_owned(), ToString::to_string);
    Promise::new("running", state.and_then(|state| state.running) == Some(true), format!("it is {status}"))
}

fn capabilities(host: &HostConfig) -> Promise {
    let (drop, add) = (host.cap_drop.clone().unwrap_or_default(), host.cap_add.clone().unwrap_or_default());
    let drops_all = drop.iter().any(|name| name.eq_ignore_ascii_case("all"));
    Promise::new(
        "no-capabilities",
        drops_all && add.is_empty(),
        format!("dropped: {}; added: {}", list(&drop), list(&add)),
    )
}

fn no_new_privileges(host: &HostConfig) -> Promise {
    let options = host.security_opt.clone().unwrap_or_default();
    let is_set = |option: &String| {
        matches!(option.as_str(), "no-new-privileges" | "no-new-privileges:true" | "no-new-privileges=true")
    };
    Promise::new("no-new-privileges", options.iter().any(is_set), format!("security options: {}", list(&options)))
}

/// The engine's own filter of system calls is there unless somebody turned it off.
fn profiles(host: &HostConfig) -> Promise {
    let options = host.security_opt.clone().unwrap_or_default();
    let off: Vec<String> = options.into_iter().filter(|option| option.ends_with("unconfined")).collect();
    let seen = if off.is_empty() { "the engine's own profiles are on".to_owned() } else { list(&off) };
    Promise::new("profiles", off.is_empty(), seen)
}

fn bound(name: &str, found: Option<i64>, most: i64, of: &str) -> Promise {
    match found.filter(|found| *found > 0) {
        Some(found) => Promise::new(name, found <= most, format!("{found} {of}, of {most} at most")),
        None => Promise::new(name, false, "there is no bound"),
    }
}

fn user(container: &ContainerInspectResponse) -> Promise {
    let user = container.config.as_ref().and_then(|config| config.user.clone()).unwrap_or_default();
    let name = user.split(':').next().unwrap_or_default();
    let is_root = matches!(name, "" | "root") || name.parse() == Ok(0);
    Promise::new(
        "not-root",
        !is_root,
        if user.is_empty() { "no user is set".to_owned() } else { format!("the user is {user}") },
    )
}

fn namespaces(host: &HostConfig) -> Promise {
    let modes = [
        ("pid", &host.pid_mode),
        ("ipc", &host.ipc_mode),
        ("network", &host.network_mode),
        ("uts", &host.uts_mode),
        ("user", &host.userns_mode),
    ];
    let is_shared = |mode: &str| mode == "host" || mode.starts_with("container:");
    let shared: Vec<String> = modes
        .into_iter()
        .filter_map(|(name, mode)| Some((name, mode.as_deref().filter(|mode| is_shared(mode))?)))
        .map(|(name, mode)| format!("{name}: {mode}"))
        .collect();
    let seen = if shared.is_empty() { "all are its own".to_owned() } else { list(&shared) };
    Promise::new("own-namespaces", shared.is_empty(), seen)
}

fn devices(host: &HostConfig) -> Promise {
    let devices = host.devices.clone().unwrap_or_default();
    let paths: Vec<String> = devices.into_iter().filter_map(|device| device.path_on_host).collect();
    Promise::new("no-devices", paths.is_empty(), format!("devices: {}", list(&paths)))
}

/// It is reached by the edge, which asks the gate; a port of the host's own would be another way in.
fn published(host: &HostConfig) -> Promise {
    let ports: Vec<String> = host.port_bindings.clone().unwrap_or_default().into_keys().collect();
    Promise::new("not-published", ports.is_empty(), format!("published: {}", list(&ports)))
}

pub(super) fn list(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

#[cfg(test)]
mod tests;
