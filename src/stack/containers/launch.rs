//! One service of the compose file → one running container.

use std::collections::HashMap;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, EndpointSettings, HealthConfig, HostConfig, Mount, NetworkConnectRequest, NetworkingConfig,
    PortBinding, PortMap, RestartPolicy, RestartPolicyNameEnum,
};
use bollard::query_parameters::{CreateContainerOptionsBuilder, StartContainerOptions};
use verdict::evidence::Trouble;

use super::compose::model::{Healthcheck, Port, ServiceSpec};
use super::engine::{chain, refused};
use super::run::Run;

/// Why a container could not be started.
#[derive(Debug)]
pub(crate) enum LaunchError {
    /// Somebody else holds the port that it is to be published on.
    PortTaken(Trouble),
    /// Anything else.
    Other(Trouble),
}

impl LaunchError {
    /// What is wrong, whichever it is.
    pub(crate) fn into_trouble(self) -> Trouble {
        match self {
            LaunchError::PortTaken(trouble) | LaunchError::Other(trouble) => trouble,
        }
    }
}

/// Creates and starts the container of `service`, on its networks and under its names there, and gives its id.
pub(crate) async fn launch(
    docker: &Docker,
    run: &Run,
    service: &str,
    spec: &ServiceSpec,
    mounts: Vec<Mount>,
) -> Result<String, LaunchError> {
    let container = create(docker, run, service, spec, mounts).await?;
    start(docker, service, &container).await?;
    Ok(container)
}

/// Creates the container of `service`, on its networks and under its names there, and gives its id. It holds no port, and nothing runs
/// in it, until it is started.
///
/// The engine is asked for it directly: `testcontainers` knows no names on a network, so that a container would have to leave its
/// network and come back while its program starts, and it creates none without starting it.
pub(crate) async fn create(
    docker: &Docker,
    run: &Run,
    service: &str,
    spec: &ServiceSpec,
    mounts: Vec<Mount>,
) -> Result<String, LaunchError> {
    let options = CreateContainerOptionsBuilder::new().name(&run.name(service)).build();
    let created = docker.create_container(Some(options), body(run, service, spec, mounts)).await;
    let container = created.map_err(|error| failed(service, &error))?.id;
    // The first network is in the request itself: no more than one can be, up to version 1.43 of the engine's API.
    for (network, aliases) in spec.networks.iter().skip(1) {
        let endpoint_config = Some(endpoint(service, aliases));
        let join = NetworkConnectRequest { container: container.clone(), endpoint_config };
        docker.connect_network(&run.name(network), join).await.map_err(|error| failed(service, &error))?;
    }
    Ok(container)
}

/// Starts a container that was created.
pub(crate) async fn start(docker: &Docker, service: &str, container: &str) -> Result<(), LaunchError> {
    let started = docker.start_container(container, None::<StartContainerOptions>).await;
    started.map_err(|error| failed(service, &error))
}

fn failed(service: &str, error: &Error) -> LaunchError {
    let trouble = refused(service, "its container can't be started", error);
    if says_port_taken(&chain(error)) { LaunchError::PortTaken(trouble) } else { LaunchError::Other(trouble) }
}

/// Whether the engine says that somebody else has the port: another container, or another program.
fn says_port_taken(message: &str) -> bool {
    ["port is already allocated", "address already in use"].iter().any(|text| message.contains(text))
}

/// A container's place on a network: under the service's name and these.
fn endpoint(service: &str, aliases: &[String]) -> EndpointSettings {
    let names = std::iter::once(service.to_owned()).chain(aliases.iter().cloned()).collect();
    EndpointSettings { aliases: Some(names), ..EndpointSettings::default() }
}

/// What the engine is asked for.
fn body(run: &Run, service: &str, spec: &ServiceSpec, mounts: Vec<Mount>) -> ContainerCreateBody {
    let first = spec.networks.iter().next();
    let networking = first.map(|(network, aliases)| NetworkingConfig {
        endpoints_config: Some(HashMap::from([(run.name(network), endpoint(service, aliases))])),
    });
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        cmd: spec.command.clone(),
        entrypoint: spec.entrypoint.clone(),
        env: Some(spec.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        user: spec.user.clone(),
        labels: Some(run.labels()),
        exposed_ports: Some(spec.ports.iter().map(inside).collect()),
        healthcheck: spec.healthcheck.as_ref().map(health),
        networking_config: networking,
        host_config: Some(HostConfig {
            network_mode: first.map(|(network, _)| run.name(network)),
            port_bindings: Some(port_bindings(&spec.ports)),
            // Ports are published where the file says so, and not all that the image exposes, to everybody.
            publish_all_ports: Some(false),
            mounts: Some(mounts),
            tmpfs: Some(spec.tmpfs.clone().into_iter().collect()),
            readonly_rootfs: Some(spec.read_only),
            cap_drop: Some(spec.cap_drop.clone()),
            cap_add: Some(spec.cap_add.clone()),
            security_opt: Some(spec.security_opt.clone()),
            memory: spec.mem_limit,
            pids_limit: spec.pids_limit,
            restart_policy: spec.restarts.then(unless_stopped),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

fn unless_stopped() -> RestartPolicy {
    RestartPolicy { name: Some(RestartPolicyNameEnum::UNLESS_STOPPED), maximum_retry_count: None }
}

/// The port in the container, as the engine writes it.
fn inside(port: &Port) -> String {
    format!("{}/tcp", port.container)
}

fn port_bindings(ports: &[Port]) -> PortMap {
    let binding =
        |port: &Port| PortBinding { host_ip: port.host_address.clone(), host_port: Some(port.host.to_string()) };
    ports.iter().map(|port| (inside(port), Some(vec![binding(port)]))).collect()
}

fn health(check: &Healthcheck) -> HealthConfig {
    // The engine counts in nanoseconds.
    let nanoseconds = |duration: Option<Duration>| duration.and_then(|it| i64::try_from(it.as_nanos()).ok());
    HealthConfig {
        test: Some(check.test.clone()),
        interval: nanoseconds(check.interval),
        timeout: nanoseconds(check.timeout),
        retries: check.retries,
        start_period: nanoseconds(check.start_period),
        start_interval: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_bound_to_the_address_that_the_file_says() {
        let port = Port { host_address: Some("127.0.0.1".to_owned()), host: 4000, container: 80 };
        let bindings = port_bindings(&[port]);
        let binding = &bindings["80/tcp"].as_ref().unwrap()[0];
        assert_eq!((binding.host_ip.as_deref(), binding.host_port.as_deref()), (Some("127.0.0.1"), Some("4000")));
    }

    #[test]
    fn a_port_that_somebody_else_has_is_told_from_other_refusals() {
        for (message, expected) in [
            // As Docker 20.10 and 28 say it.
            ("Error starting userland proxy: listen tcp4 127.0.0.1:18099: bind: address already in use", true),
            ("Bind for 127.0.0.1:18098 failed: port is already allocated", true),
            ("failed to bind host port for 127.0.0.1:80:172.17.0.2:80/tcp: address already in use", true),
            ("No such image: caddy:2", false),
        ] {
            assert_eq!(says_port_taken(message), expected, "{message}");
        }
    }
}
