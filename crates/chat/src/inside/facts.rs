//! What is found in the container.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::attempts::{Attempt, Targets};
use super::mounts::{self, Mount};
use crate::config::Reader;
use crate::turn::{self, Bounds};

/// Sockets of container engines, where they usually are.
const SOCKETS: [&str; 5] = [
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/crio/crio.sock",
];

/// Runs what a confined command tries, as a program does that can be its own launcher.
pub type Try<'a> = &'a dyn Fn(&turn::Settings, &Targets) -> Result<Vec<Attempt>, String>;

/// What is found.
#[derive(Debug, Clone)]
pub struct Facts {
    pub(super) mounts: Vec<Mount>,
    /// `/proc/1/status`: the service is the container's first process.
    pub(super) status: BTreeMap<String, String>,
    pub(super) bounds: Bounds,
    /// Engines' sockets that are there.
    pub(super) sockets: Vec<String>,
    /// Whether the service's environment can be read by another process of its user.
    pub(super) is_environment_open: bool,
    pub(super) workspace: PathBuf,
    /// Where the identity is: the folder that holds the command's configuration.
    pub(super) identity: PathBuf,
    pub(super) has_key: bool,
    /// Names in the environment of a turn that nobody allowed, and values in it that are the service's own secrets.
    pub(super) leaked: Vec<String>,
    /// What a confined command tried; or why it couldn't be run.
    pub(super) attempts: Result<Vec<Attempt>, String>,
}

impl Facts {
    /// Looks around, by the service's settings.
    pub fn gather(values: &BTreeMap<String, String>, confined: Try<'_>) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let mut reader = Reader::new(values);
        let settings = turn::Settings::read(&mut reader);
        let path = |name: &str, default: &str| PathBuf::from(reader.get(name).unwrap_or(default));
        let targets = Targets {
            workspace: settings.workspace.clone(),
            config: settings.identity.config_dir().to_owned(),
            private: vec![
                path("CHAT_STATE_DIR", "/var/lib/chat/state"),
                path("CHAT_HISTORY_DIR", "/var/lib/chat/history"),
            ],
            port: Some(reader.number("CHAT_PORT", 8080, 1..=u64::from(u16::MAX)))
                .and_then(|port| u16::try_from(port).ok())
                .filter(|port| !turn::ports(&settings).contains(port)),
        };
        Self {
            mounts: mounts::parse(&read("/proc/self/mountinfo")),
            status: status(&read("/proc/1/status")),
            bounds: turn::bounds(),
            sockets: SOCKETS.iter().filter(|path| Path::new(path).exists()).map(|&path| path.to_owned()).collect(),
            is_environment_open: fs::read("/proc/1/environ").is_ok(),
            identity: targets.config.parent().unwrap_or(Path::new("/")).to_owned(),
            workspace: settings.workspace.clone(),
            has_key: !settings.identity.is_shared(),
            leaked: turn::leaked(&settings, values),
            attempts: confined(&settings, &targets),
        }
    }
}

/// The fields of `/proc/PID/status`.
fn status(text: &str) -> BTreeMap<String, String> {
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}
