//! What a compose file says, as far as the stack's own file needs it: plain values.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// A compose file with its variables filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compose {
    /// The services by name.
    pub services: BTreeMap<String, ServiceSpec>,
    /// The networks' names.
    pub networks: Vec<String>,
    /// The named volumes' names.
    pub volumes: Vec<String>,
}

/// One service.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ServiceSpec {
    /// The image's name.
    pub image: String,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// In place of the image's command.
    pub command: Option<Vec<String>>,
    /// In place of the image's entry point.
    pub entrypoint: Option<Vec<String>>,
    /// The user, and perhaps group, that the service runs as.
    pub user: Option<String>,
    /// The networks that it is on, with the names that it has there besides its own.
    pub networks: BTreeMap<String, Vec<String>>,
    /// What is mounted.
    pub volumes: Vec<VolumeMount>,
    /// Directories in memory: path → mount options.
    pub tmpfs: BTreeMap<String, String>,
    /// How to tell that it is ready.
    pub healthcheck: Option<Healthcheck>,
    /// The services that it waits for.
    pub depends_on: BTreeMap<String, Condition>,
    /// The image's file system can't be written to.
    pub read_only: bool,
    /// Capabilities taken away.
    pub cap_drop: Vec<String>,
    /// Capabilities given.
    pub cap_add: Vec<String>,
    /// Security options (`no-new-privileges:true`).
    pub security_opt: Vec<String>,
    /// The most memory, in bytes.
    pub mem_limit: Option<i64>,
    /// The most processes.
    pub pids_limit: Option<i64>,
    /// What is published on the host.
    pub ports: Vec<Port>,
    /// The ports that it listens on for the other services.
    pub expose: Vec<u16>,
    /// It is started again where it ends, unless somebody stopped it.
    pub restarts: bool,
    /// Where there are any, it is only started by who asks for it.
    pub profiles: Vec<String>,
}

/// Without the values of environment variables, which may be secret.
impl fmt::Debug for ServiceSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.environment.keys().collect();
        formatter
            .debug_struct("ServiceSpec")
            .field("image", &self.image)
            .field("environment", &names)
            .field("volumes", &self.volumes)
            .finish_non_exhaustive()
    }
}

/// Something mounted into a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeMount {
    /// What is mounted.
    pub source: VolumeSource,
    /// Where, absolute.
    pub target: String,
    /// The service can't write to it.
    pub read_only: bool,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolumeSource {
    /// A named volume of the file.
    Named(String),
    /// A file or directory beside the file, as written without the leading `./`.
    File(String),
}

/// A health check: a command, run inside again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Healthcheck {
    /// `CMD` and its arguments, or `CMD-SHELL` and a line for the shell.
    pub test: Vec<String>,
    /// The time from one check's end to the next check.
    pub interval: Option<Duration>,
    /// The longest that one check may take.
    pub timeout: Option<Duration>,
    /// This many failures in a row make it unhealthy.
    pub retries: Option<i64>,
    /// Failures before this time has passed don't count.
    pub start_period: Option<Duration>,
}

/// When a service that others depend on is good enough for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It was started.
    Started,
    /// Its health check passes.
    Healthy,
}

/// A published port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The host's address that it is bound to; compose's default is all of them.
    pub host_address: Option<String>,
    /// The port on the host.
    pub host: u16,
    /// The port inside.
    pub container: u16,
}
