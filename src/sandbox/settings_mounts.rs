//! What is mounted into a container.

use std::path::Path;

use bollard::models::{ContainerInspectResponse, HostConfig, MountPoint};

use super::Promise;
use super::settings::list;

/// Where the identity is, unless the container is told otherwise.
const IDENTITY: &str = "/home/chat/.claude-chat";

pub(super) fn promises(container: &ContainerInspectResponse, host: &HostConfig) -> Vec<Promise> {
    let mounts = container.mounts.clone().unwrap_or_default();
    let environment = container.config.as_ref().and_then(|config| config.env.clone()).unwrap_or_default();
    let value = |name: &str| {
        let pair = environment.iter().rev().find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        pair.filter(|value| !value.is_empty()).map(ToOwned::to_owned)
    };
    let workspace = value("CHAT_WORKSPACE_DIR").unwrap_or_else(|| "/workspace".to_owned());
    let identity = value("CLAUDE_CONFIG_DIR")
        .and_then(|config| Some(Path::new(&config).parent()?.to_string_lossy().into_owned()))
        .unwrap_or_else(|| IDENTITY.to_owned());
    let temporary = host.tmpfs.clone().unwrap_or_default();
    vec![
        no_engine_socket(&mounts),
        workspace_mount(&mounts, &workspace),
        identity_mount(&mounts, &identity, value("ANTHROPIC_API_KEY").is_some()),
        no_agents(&mounts),
        Promise::new(
            "temporary-in-memory",
            temporary.contains_key("/tmp"),
            format!("in memory: {}", list(&temporary.into_keys().collect::<Vec<_>>())),
        ),
    ]
}

fn shown(mount: &MountPoint) -> String {
    let from = mount.name.as_ref().or(mount.source.as_ref()).cloned().unwrap_or_default();
    format!("{from} at {}", mount.destination.as_deref().unwrap_or_default())
}

/// Also a folder that a socket is in would do.
fn no_engine_socket(mounts: &[MountPoint]) -> Promise {
    let reaches = |path: &str| {
        let path = path.trim_end_matches('/');
        path.ends_with(".sock")
            || matches!(
                path,
                "" | "/run"
                    | "/var/run"
                    | "/var"
                    | "/var/lib/docker"
                    | "/run/containerd"
                    | "/proc"
                    | "/sys"
                    | "/dev"
                    | "/etc"
            )
    };
    let is_bind = |mount: &&MountPoint| mount.name.is_none();
    let found: Vec<String> = mounts
        .iter()
        .filter(is_bind)
        .filter(|mount| [&mount.source, &mount.destination].into_iter().flatten().any(|path| reaches(path)))
        .map(shown)
        .collect();
    Promise::new("no-engine-socket", found.is_empty(), format!("sockets and folders of the host: {}", list(&found)))
}

fn workspace_mount(mounts: &[MountPoint], workspace: &str) -> Promise {
    let name = "workspace";
    match mounts.iter().find(|mount| mount.destination.as_deref() == Some(workspace)) {
        None => Promise::new(name, false, format!("nothing is mounted at {workspace}")),
        Some(mount) if mount.rw != Some(true) => Promise::new(name, false, format!("{}, read-only", shown(mount))),
        Some(mount) if mount.name.is_none() => {
            Promise::new(name, false, format!("{}: not a named volume", shown(mount)))
        }
        Some(mount) if is_anonymous(mount) => {
            Promise::new(name, false, format!("{workspace} is an anonymous volume: no project is in it"))
        }
        Some(mount) => Promise::new(name, true, format!("the volume {}", shown(mount))),
    }
}

/// Engines name volumes that nobody named by 64 hexadecimal digits.
fn is_anonymous(mount: &MountPoint) -> bool {
    let is_id = |name: &String| name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    mount.name.as_ref().is_some_and(is_id)
}

fn identity_mount(mounts: &[MountPoint], identity: &str, has_key: bool) -> Promise {
    let is_there =
        |mount: &&MountPoint| mount.destination.as_deref().is_some_and(|path| Path::new(path).starts_with(identity));
    let kept = mounts.iter().filter(|mount| mount.typ.as_deref() != Some("tmpfs")).find(is_there);
    match (has_key, kept) {
        (true, None) => Promise::new("identity", true, format!("there is a key, and nothing is mounted at {identity}")),
        (true, Some(mount)) => {
            Promise::new("identity", false, format!("there is a key, and all the same {}", shown(mount)))
        }
        (false, Some(mount)) => Promise::new("identity", true, format!("the chat's own: {}", shown(mount))),
        (false, None) => {
            Promise::new("identity", false, format!("there is no key, and nothing is mounted at {identity}"))
        }
    }
}

fn no_agents(mounts: &[MountPoint]) -> Promise {
    let is_theirs = |path: &String| {
        Path::new(path).components().any(|part| matches!(part.as_os_str().to_str(), Some(".claude" | "claude-shared")))
    };
    let found: Vec<String> = mounts
        .iter()
        .filter(|mount| [&mount.source, &mount.destination].into_iter().flatten().any(is_theirs))
        .map(shown)
        .collect();
    Promise::new("agents-identity-absent", found.is_empty(), format!("of the agents': {}", list(&found)))
}
