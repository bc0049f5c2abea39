//! What is to be stood up: from the compose file, the needs and the options to containers, volumes and files. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use scenario::model::{Mode, Service};
use scenario::{Diagnostic, Source};
use verdict::evidence::Trouble;

use super::compose;
use super::compose::model::{Compose, ServiceSpec, VolumeSource};
use super::volumes::File;
use crate::images::{Choice, entry, no_image};
use crate::stack::api::Way;
use crate::stack::authority::Authority;
use crate::stack::fixtures::STAGING;
use crate::stack::{StackOptions, addresses};

/// The name that stands for the edge, in the stack and outside.
pub(crate) const HOST: &str = "edge.test";
/// Where the edge has its certificate, beside its configuration.
const CERTIFICATE: &str = "certificate.pem";
/// And its key.
const KEY: &str = "key.pem";
/// Where services that call others find the authority to trust, as `ca.pem`.
const TRUST: &str = "/etc/edge-smoke";
/// The file that describes the stack.
const COMPOSE: &str = include_str!("../../../fixtures/compose.yml");

/// A stack, ready to be stood up.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The services by name.
    pub(crate) services: BTreeMap<String, ServiceSpec>,
    /// The networks' names.
    pub(crate) networks: BTreeSet<String>,
    /// The routes that the stack should have: what services are told of their addresses goes by them.
    pub(crate) site: routes::Site,
    /// The routes that the edge has.
    pub(crate) served: routes::Site,
    /// Where the edge is reached.
    pub(crate) address: SocketAddr,
    /// Who vouches for the edge, where it speaks https.
    pub(crate) authority: Option<Authority>,
}

/// A directory of a service that is filled with files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilledMount {
    /// Where it is mounted.
    pub(crate) target: String,
    /// What is in it.
    pub(crate) files: Vec<File>,
}

/// The names of the services that are started: the edge, those that are needed, and those that they depend on.
///
/// # Errors
/// A service is needed that the file doesn't have.
pub(crate) fn required(needs: &BTreeSet<Service>) -> Result<BTreeSet<String>, Trouble> {
    let compose = read(&|_| None)?;
    let mut names = BTreeSet::new();
    let mut open = vec![Service::Edge.to_string()];
    for &service in needs {
        if !compose.services.contains_key(service.as_str()) {
            return Err(no_image(service));
        }
        open.push(service.to_string());
    }
    while let Some(name) = open.pop() {
        if let Some(spec) = compose.services.get(&name) {
            open.extend(spec.depends_on.keys().filter(|other| !names.contains(*other)).cloned());
        }
        names.insert(name);
    }
    Ok(names)
}

/// The service that has a name in the compose file.
pub(crate) fn service_named(name: &str) -> Option<Service> {
    Service::ALL.iter().copied().find(|service| service.as_str() == name)
}

/// Plans a stack of these services with these images, its edge on this port of loopback, over https with an authority.
///
/// # Errors
/// The compose file can't be read, or the routes are impossible: mistakes of ours, which its tests keep out.
pub(crate) fn plan(
    names: &BTreeSet<String>,
    options: &StackOptions,
    images: &BTreeMap<Service, Choice>,
    port: u16,
    authority: Option<Authority>,
) -> Result<Plan, Trouble> {
    let compose = read(&|variable| match variable {
        "EDGE_PORT" => Some(port.to_string()),
        _ => {
            let (_, choice) =
                images.iter().find(|(service, _)| entry(**service).is_some_and(|entry| entry.variable == variable))?;
            Some(choice.image.clone())
        }
    })?;
    let mut services: BTreeMap<String, ServiceSpec> =
        compose.services.into_iter().filter(|(name, _)| names.contains(name)).collect();
    let site = site(&services, options.mode, port, authority.is_some())?;
    let settings = routes::settings::for_site(&site).environment;
    for (name, spec) in &mut services {
        spec.environment.extend(settings.get(name).cloned().unwrap_or_default());
        if authority.is_some() && calls_others(name) {
            // Programs written in Go read all of these directories.
            spec.environment.insert("SSL_CERT_DIR".to_owned(), format!("/etc/ssl/certs:{TRUST}"));
        }
        let overlay = service_named(name).and_then(|service| options.environment.get(&service));
        for (variable, value) in overlay.into_iter().flatten() {
            match value {
                Some(value) => drop(spec.environment.insert(variable.clone(), addresses::fill(value, &site))),
                None => drop(spec.environment.remove(variable)),
            }
        }
    }
    let networks = services.values().flat_map(|spec| spec.networks.keys().cloned()).collect();
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let served = site.clone();
    Ok(Plan { services, networks, site, served, address, authority })
}

/// Whether a service calls others by their public addresses.
fn calls_others(name: &str) -> bool {
    !matches!(service_named(name), Some(Service::Edge | Service::Staging))
}

/// The routes to the services, each at the first port that it exposes to the others.
fn site(
    services: &BTreeMap<String, ServiceSpec>,
    mode: Mode,
    port: u16,
    is_https: bool,
) -> Result<routes::Site, Trouble> {
    let upstreams = services
        .iter()
        .filter_map(|(name, spec)| Some((name.clone(), format!("{name}:{}", spec.expose.first()?))))
        .collect();
    let scheme = if is_https { routes::Scheme::Https } else { routes::Scheme::Http };
    let origin = routes::Origin { scheme, host: HOST.to_owned(), port };
    let mode = match mode {
        Mode::Subpath => routes::Mode::Subpath,
        Mode::Subdomain => routes::Mode::Subdomain,
    };
    let site = routes::Site::standard(origin, mode, &upstreams)
        .map_err(|error| mistake(format!("the stack's routes are wrong: {error}")))?;
    let beside = |file: &str| format!("{}/{file}", configuration_directory(services));
    let tls = is_https.then(|| routes::TlsFiles { certificate: beside(CERTIFICATE), key: beside(KEY) });
    Ok(routes::Site { tls, ..site })
}

/// The directory of the edge's configuration, in its container.
fn configuration_directory(services: &BTreeMap<String, ServiceSpec>) -> &str {
    let mounts = services.values().flat_map(|spec| &spec.volumes);
    let file = mounts.into_iter().find(|mount| mount.source == VolumeSource::File("Caddyfile".to_owned()));
    file.and_then(|mount| mount.target.rsplit_once('/')).map_or("", |(directory, _)| directory)
}

impl Plan {
    /// The same with the routes of the edge changed as the options say.
    ///
    /// # Errors
    /// A route or a field that there isn't.
    pub(crate) fn altered(self, options: &StackOptions) -> Result<Self, Trouble> {
        let served = self.site.clone().changed(&options.routes).map_err(|error| Trouble {
            service: Some(Service::Edge.to_string()),
            message: error.to_string(),
            help: Some("change or remove the setting".to_owned()),
            log: Vec::new(),
        })?;
        Ok(Self { served, ..self })
    }

    /// How the edge is reached.
    pub(crate) fn way(&self) -> Way {
        Way { address: self.address, tls: self.authority.as_ref().map(Authority::client) }
    }

    /// The directories that hold what the file binds from beside it. A bound file is alone in its directory there.
    ///
    /// # Errors
    /// The file binds something that isn't part of the program.
    pub(crate) fn filled_mounts(&self, name: &str, spec: &ServiceSpec) -> Result<Vec<FilledMount>, Trouble> {
        let mut mounts: BTreeMap<String, Vec<File>> = BTreeMap::new();
        for mount in &spec.volumes {
            let VolumeSource::File(source) = &mount.source else { continue };
            match source.as_str() {
                "Caddyfile" => {
                    let text = routes::caddyfile::render(&self.served);
                    let text =
                        text.map_err(|error| mistake(format!("the stack's Caddyfile can't be rendered: {error}")))?;
                    let (directory, name) = mount.target.rsplit_once('/').unwrap_or(("", &mount.target));
                    let files = mounts.entry(directory.to_owned()).or_default();
                    files.push(File::new(name, text));
                    if let Some(authority) = &self.authority {
                        files.push(File::new(CERTIFICATE, authority.certificate_pem.as_str()));
                        files.push(File::new(KEY, authority.key_pem.expose()).only_for(spec.user.as_deref()));
                    }
                }
                "staging" => {
                    let files = STAGING.iter().map(|&(path, content)| File::new(path, content));
                    mounts.entry(mount.target.clone()).or_default().extend(files);
                }
                other => {
                    return Err(mistake(format!(
                        "fixtures/compose.yml binds ./{other}, which the harness doesn't have"
                    )));
                }
            }
        }
        if let Some(authority) = self.authority.as_ref().filter(|_| calls_others(name)) {
            mounts.entry(TRUST.to_owned()).or_default().push(File::new("ca.pem", authority.ca_pem.as_str()));
        }
        Ok(mounts.into_iter().map(|(target, files)| FilledMount { target, files }).collect())
    }
}

fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Compose, Trouble> {
    compose::read(&Source::new("fixtures/compose.yml", COMPOSE), lookup).map_err(|diagnostics| {
        let text: Vec<String> = diagnostics.iter().map(|diagnostic: &Diagnostic| diagnostic.render(false)).collect();
        mistake(text.join("\n"))
    })
}

fn mistake(message: String) -> Trouble {
    Trouble {
        service: None,
        message,
        help: Some("this is a mistake in edge-smoke itself: please report it".to_owned()),
        log: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::{CATALOG, Origin};

    fn options(mode: Mode) -> StackOptions {
        StackOptions::new(mode)
    }

    fn images() -> BTreeMap<Service, Choice> {
        let choice = |service: Service| Choice { image: format!("own/{service}:1"), origin: Origin::Override };
        CATALOG.iter().map(|entry| (entry.service, choice(entry.service))).collect()
    }

    fn all() -> BTreeSet<String> {
        required(&super::super::SERVICES.iter().copied().collect()).unwrap()
    }

    #[test]
    fn the_file_has_the_services_that_the_stack_says_it_has() {
        let compose = read(&|_| None).unwrap();
        let names: BTreeSet<&str> = compose.services.keys().map(String::as_str).collect();
        assert_eq!(names, super::super::SERVICES.iter().map(|service| service.as_str()).collect());
    }

    #[test]
    fn by_default_the_file_runs_the_official_images() {
        let compose = read(&|_| None).unwrap();
        for entry in CATALOG {
            assert_eq!(compose.services[entry.service.as_str()].image, entry.official, "{}", entry.service);
        }
    }

    #[test]
    fn the_edge_and_what_is_needed_is_started_and_nothing_else() {
        let names = |needs: &[Service]| {
            required(&needs.iter().copied().collect()).map(|names| names.into_iter().collect::<Vec<_>>())
        };
        assert_eq!(names(&[]).unwrap(), ["edge"]);
        assert_eq!(names(&[Service::Staging]).unwrap(), ["edge", "staging"]);
        assert_eq!(names(&[Service::Forge, Service::Edge]).unwrap(), ["edge", "forge"]);
        assert_eq!(names(&[Service::Ide]).unwrap_err().message, "the containers stack has no ide");
    }

    #[test]
    fn every_service_is_confined_and_only_the_edge_is_published_and_that_on_loopback() {
        let plan = plan(&all(), &options(Mode::Subpath), &images(), 4321, None).unwrap();
        for (name, spec) in &plan.services {
            assert_eq!(spec.cap_drop, ["ALL"], "{name}");
            assert_eq!(spec.security_opt, ["no-new-privileges:true"], "{name}");
            assert!(spec.mem_limit.is_some() && spec.pids_limit.is_some() && spec.healthcheck.is_some(), "{name}");
            let published: Vec<_> =
                spec.ports.iter().map(|port| (port.host_address.as_deref(), port.host, port.container)).collect();
            let expected = if name == "edge" { vec![(Some("127.0.0.1"), 4321, 4321)] } else { Vec::new() };
            assert_eq!(published, expected, "{name}");
            assert_eq!(spec.image, format!("own/{name}:1"));
        }
    }

    #[test]
    fn the_forge_is_told_its_address_in_either_mode_and_overlays_have_the_last_word() {
        let root_url = |options: &StackOptions| {
            let plan = plan(&all(), options, &images(), 4321, None).unwrap();
            plan.services["forge"].environment.get("GITEA__server__ROOT_URL").cloned()
        };
        assert_eq!(root_url(&options(Mode::Subpath)).as_deref(), Some("http://edge.test:4321/forge/"));
        assert_eq!(root_url(&options(Mode::Subdomain)).as_deref(), Some("http://forge.edge.test:4321/"));
        let mut overlaid = options(Mode::Subpath);
        let mut overlay = |value: Option<&str>| {
            let setting = BTreeMap::from([("GITEA__server__ROOT_URL".to_owned(), value.map(str::to_owned))]);
            overlaid.environment.insert(Service::Forge, setting);
            root_url(&overlaid)
        };
        assert_eq!(overlay(Some("http://forge:3000/")).as_deref(), Some("http://forge:3000/"));
        assert_eq!(overlay(None), None);
    }

    #[test]
    fn what_the_file_binds_is_part_of_the_program() {
        let plan = plan(&all(), &options(Mode::Subpath), &images(), 4321, None).unwrap();
        let mounts = |service: &str| plan.filled_mounts(service, &plan.services[service]).unwrap();
        let [caddyfile] = mounts("edge").try_into().unwrap();
        assert_eq!(caddyfile.target, "/etc/caddy");
        assert_eq!(caddyfile.files[0].path, "Caddyfile");
        let text = String::from_utf8(caddyfile.files[0].content.clone()).unwrap();
        assert!(text.contains("http://edge.test:4321 {") && text.contains("reverse_proxy forge:3000"), "{text}");
        let [site] = mounts("staging").try_into().unwrap();
        assert_eq!(site.target, "/srv");
        assert!(site.files.iter().any(|file| file.path == "index.html"));
        assert_eq!(mounts("forge"), []);
    }

    #[test]
    fn over_https_the_edge_has_its_certificate_and_those_who_call_others_the_authority() {
        let authority = Authority::new(HOST).unwrap();
        let plan = plan(&all(), &options(Mode::Subdomain), &images(), 4321, Some(authority.clone())).unwrap();
        let mounts = |service: &str| plan.filled_mounts(service, &plan.services[service]).unwrap();
        let [edge] = mounts("edge").try_into().unwrap();
        let content = |path: &str| {
            let file = edge.files.iter().find(|file| file.path == path).unwrap();
            String::from_utf8(file.content.clone()).unwrap()
        };
        assert_eq!(content("certificate.pem"), authority.certificate_pem);
        assert_eq!(content("key.pem"), authority.key_pem.expose());
        assert!(format!("{:?}", edge.files).contains("path: \"key.pem\", owner: Some((1000, 1000))"));
        let text = content("Caddyfile");
        for line in ["https://forge.edge.test:4321 {", "tls \"/etc/caddy/certificate.pem\" \"/etc/caddy/key.pem\""] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
        let [trust] = mounts("forge").try_into().unwrap();
        assert_eq!((trust.target.as_str(), trust.files[0].path.as_str()), ("/etc/edge-smoke", "ca.pem"));
        assert_eq!(trust.files[0].content, authority.ca_pem.as_bytes());
        let environment = &plan.services["forge"].environment;
        assert_eq!(environment["GITEA__server__ROOT_URL"], "https://forge.edge.test:4321/");
        assert_eq!(environment["SSL_CERT_DIR"], "/etc/ssl/certs:/etc/edge-smoke");
        // The staging site calls nobody.
        assert_eq!(mounts("staging").len(), 1);
        assert!(plan.services.values().all(|spec| !spec.environment.values().any(|value| value.contains("PRIVATE"))));
    }

    /// With `EDGE_SMOKE_UPDATE=1` in the environment the file is written anew.
    #[test]
    fn the_caddyfile_beside_the_file_is_what_its_default_port_renders() {
        let plan = plan(&all(), &options(Mode::Subpath), &images(), 8080, None).unwrap();
        let rendered = routes::caddyfile::render(&plan.site).unwrap();
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/Caddyfile");
        if std::env::var_os("EDGE_SMOKE_UPDATE").is_some() {
            std::fs::write(&path, &rendered).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert_eq!(committed, rendered, "run this test with EDGE_SMOKE_UPDATE=1 to write fixtures/Caddyfile anew");
    }
}
