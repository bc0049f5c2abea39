//! One service of the compose file → one running container.

use std::collections::HashMap;

use bollard::Docker;
use bollard::models::{
    EndpointSettings, Mount, NetworkConnectRequest, NetworkDisconnectRequest, PortBinding, PortMap, RestartPolicy,
    RestartPolicyNameEnum,
};
use testcontainers::core::{ContainerPort, Healthcheck};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerRequest, GenericImage, ImageExt};
use verdict::evidence::Trouble;

use super::compose::model::{Port, ServiceSpec};
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
    let failed = |error: &(dyn std::error::Error + 'static)| {
        let trouble = refused(service, "its container can't be started", error);
        if says_port_taken(&chain(error)) { LaunchError::PortTaken(trouble) } else { LaunchError::Other(trouble) }
    };
    let container = request(run, service, spec, mounts).start().await.map_err(|error| failed(&error))?;
    let id = container.id().to_owned();
    // What a run made is removed in one place, by its label: container, volumes and networks in their order, also when
    // `TESTCONTAINERS_COMMAND` says otherwise. This handle would remove the container a second time, and block on it.
    std::mem::forget(container);

    // The library can name a network, but not the names of a container on it: leave, and come back under them.
    let first = first_network(spec);
    for (network, aliases) in &spec.networks {
        let network_name = run.name(network);
        if Some(network) == first {
            let leave = NetworkDisconnectRequest { container: id.clone(), force: Some(false) };
            docker.disconnect_network(&network_name, leave).await.map_err(|error| failed(&error))?;
        }
        let names = std::iter::once(service.to_owned()).chain(aliases.iter().cloned()).collect();
        let endpoint = EndpointSettings { aliases: Some(names), ..EndpointSettings::default() };
        let join = NetworkConnectRequest { container: id.clone(), endpoint_config: Some(endpoint) };
        docker.connect_network(&network_name, join).await.map_err(|error| failed(&error))?;
    }
    Ok(id)
}

/// Whether the engine says that somebody else has the port: another container, or another program.
fn says_port_taken(message: &str) -> bool {
    ["port is already allocated", "address already in use"].iter().any(|text| message.contains(text))
}

fn unless_stopped() -> RestartPolicy {
    RestartPolicy { name: Some(RestartPolicyNameEnum::UNLESS_STOPPED), maximum_retry_count: None }
}

fn first_network(spec: &ServiceSpec) -> Option<&String> {
    spec.networks.keys().next()
}

/// The library's request for the service's container.
fn request(run: &Run, service: &str, spec: &ServiceSpec, mounts: Vec<Mount>) -> ContainerRequest<GenericImage> {
    let (name, tag) = name_and_tag(&spec.image);
    let mut image = GenericImage::new(name, tag);
    for port in &spec.ports {
        image = image.with_exposed_port(ContainerPort::Tcp(port.container));
    }
    let mut command = spec.command.clone().unwrap_or_default();
    if let Some((program, arguments)) = spec.entrypoint.as_ref().and_then(|entrypoint| entrypoint.split_first()) {
        // The library takes the program alone; its arguments come before the command's all the same.
        image = image.with_entrypoint(program);
        command.splice(0..0, arguments.iter().cloned());
    }
    let mut request = image
        .with_container_name(run.name(service))
        .with_labels(run.labels())
        .with_cmd(command)
        .with_readonly_rootfs(spec.read_only);
    for (name, value) in &spec.environment {
        request = request.with_env_var(name, value);
    }
    for capability in &spec.cap_drop {
        request = request.with_cap_drop(capability);
    }
    for capability in &spec.cap_add {
        request = request.with_cap_add(capability);
    }
    for option in &spec.security_opt {
        request = request.with_security_opt(option);
    }
    if let Some(user) = &spec.user {
        request = request.with_user(user);
    }
    if let Some(network) = first_network(spec) {
        request = request.with_network(run.name(network));
    }
    if let Some(check) = &spec.healthcheck {
        request = request.with_health_check(healthcheck(check));
    }
    let bindings = port_bindings(&spec.ports);
    let tmpfs: HashMap<String, String> = spec.tmpfs.clone().into_iter().collect();
    let (memory, processes, restarts) = (spec.mem_limit, spec.pids_limit, spec.restarts);
    request.with_host_config_modifier(move |host| {
        // The library would publish every port that the image exposes, to everybody.
        host.publish_all_ports = Some(false);
        host.port_bindings = Some(bindings.clone());
        host.tmpfs = Some(tmpfs.clone());
        host.mounts = Some(mounts.clone());
        host.memory = memory;
        host.pids_limit = processes;
        host.restart_policy = restarts.then(unless_stopped);
    })
}

/// `host:5000/group/name:tag` in two; no tag is `latest`, as everywhere. A digest's part before the colon stays
/// with the name, which the library puts together again with a colon.
fn name_and_tag(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

fn port_bindings(ports: &[Port]) -> PortMap {
    let binding =
        |port: &Port| PortBinding { host_ip: port.host_address.clone(), host_port: Some(port.host.to_string()) };
    ports.iter().map(|port| (format!("{}/tcp", port.container), Some(vec![binding(port)]))).collect()
}

fn healthcheck(check: &super::compose::model::Healthcheck) -> Healthcheck {
    let mut out = match check.test.split_first() {
        Some((kind, rest)) if kind == "CMD-SHELL" => Healthcheck::cmd_shell(rest.join(" ")),
        Some((kind, rest)) if kind == "CMD" => Healthcheck::cmd(rest),
        _ => Healthcheck::none(),
    };
    if let Some(interval) = check.interval {
        out = out.with_interval(interval);
    }
    if let Some(timeout) = check.timeout {
        out = out.with_timeout(timeout);
    }
    if let Some(retries) = check.retries.and_then(|retries| u32::try_from(retries).ok()) {
        out = out.with_retries(retries);
    }
    if let Some(start_period) = check.start_period {
        out = out.with_start_period(start_period);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_its_name_and_its_tag() {
        for (image, expected) in [
            ("caddy:2", ("caddy", "2")),
            ("caddy", ("caddy", "latest")),
            ("localhost:5000/caddy", ("localhost:5000/caddy", "latest")),
            ("localhost:5000/caddy:2", ("localhost:5000/caddy", "2")),
            ("codeberg.org/forgejo/forgejo:11", ("codeberg.org/forgejo/forgejo", "11")),
            ("caddy@sha256:0123", ("caddy@sha256", "0123")),
        ] {
            assert_eq!(name_and_tag(image), expected, "{image}");
        }
    }

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
