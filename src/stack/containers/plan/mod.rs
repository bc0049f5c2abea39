//! What is to be stood up: from the compose file, the needs and the options to containers, volumes and files. Pure.

mod directives;
pub(super) mod doubles;
mod inputs;
pub(super) mod meddlers;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use routes::caddyfile::SecretSource;
use scenario::model::{Mode, Service};
use verdict::evidence::Trouble;

use super::compose::model::{Compose, ServiceSpec, VolumeMount, VolumeSource};
use super::volumes::File;
use crate::images::no_image;
use crate::stack::altered::Finding;
use crate::stack::api::Way;
use crate::stack::authority::Authority;
use crate::stack::fixtures::{STAGING, STAGING_CADDYFILE, WORKSPACE};
use crate::stack::{StackOptions, TextChange, addresses, altered};
use inputs::read;
pub(crate) use inputs::{Ground, Inputs, Registered};

/// The name that stands for the edge, in the stack and outside.
pub(crate) const HOST: &str = "edge.test";
/// Where the edge has its certificate, beside its configuration.
const CERTIFICATE: &str = "certificate.pem";
/// And its key.
const KEY: &str = "key.pem";
/// Where services that call others find the authority to trust.
const TRUST: &str = "/etc/edge-smoke";
/// Its file there.
const AUTHORITY: &str = "ca.pem";

/// Who the chat's image runs as.
const CHAT_USER: &str = "1000:1000";

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
    /// Directives that stand in the Caddyfile otherwise than generated.
    pub(crate) directives: Vec<(String, Option<String>)>,
    /// What is replaced in its Caddyfile's text.
    pub(crate) caddyfile: Vec<TextChange>,
    /// What a meddler's container is like, but for what it is told.
    meddler: Option<ServiceSpec>,
    /// Where the edge is reached.
    pub(crate) address: SocketAddr,
    /// What all plans of a stack share.
    pub(crate) ground: Ground,
    /// What came out of setting the forge up.
    pub(crate) registered: Option<Registered>,
}

/// A directory of a service that is filled with files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilledMount {
    /// Where it is mounted.
    pub(crate) target: String,
    /// What is in it.
    pub(crate) files: Vec<File>,
}

/// A volume that a service begins with something in it, and may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seed {
    /// Its name.
    pub(crate) volume: String,
    /// Where the service has it.
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
    if needs.contains(&Service::Ci) {
        // Without it pipelines wait for ever.
        open.push(Service::CiAgent.to_string());
    }
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
    Service::PARTS.iter().copied().find(|service| service.as_str() == name)
}

fn plan(inputs: &Inputs<'_>, compose: Compose, registered: Option<Registered>) -> Result<Plan, Trouble> {
    let Inputs { names, options, ground, .. } = inputs;
    let Ground { port, authority, .. } = ground;
    let meddler = compose.services.get(Service::Echo.as_str()).cloned();
    let mut services: BTreeMap<String, ServiceSpec> =
        compose.services.into_iter().filter(|(name, _)| names.contains(name)).collect();
    let site = site(&services, options.mode, *port, authority.is_some())?;
    let site = site.with_gate_secret(routes::GateSecret::new(ground.gate_secret().expose()));
    let settings = routes::settings::for_site(&site).environment;
    for (name, spec) in &mut services {
        spec.environment.extend(settings.get(name).cloned().unwrap_or_default());
        if authority.is_some() && calls_others(name) {
            // Programs written in Go read all of these directories, and those that use rustls the file.
            spec.environment.insert("SSL_CERT_DIR".to_owned(), format!("/etc/ssl/certs:{TRUST}"));
            spec.environment.insert("SSL_CERT_FILE".to_owned(), format!("{TRUST}/{AUTHORITY}"));
        }
        let overlay = service_named(name).and_then(|service| options.environment.get(&service));
        for (variable, value) in overlay.into_iter().flatten() {
            match value {
                Some(value) => drop(spec.environment.insert(variable.clone(), addresses::fill(value, &site))),
                None => drop(spec.environment.remove(variable)),
            }
        }
    }
    doubles::stand_in(&mut services, options);
    let networks = services.values().flat_map(|spec| spec.networks.keys().cloned()).collect();
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), *port);
    let served = site.clone();
    Ok(Plan {
        services,
        networks,
        site,
        served,
        directives: Vec::new(),
        caddyfile: Vec::new(),
        meddler,
        address,
        ground: ground.clone(),
        registered,
    })
}

/// Whether a service calls others by their public addresses.
fn calls_others(name: &str) -> bool {
    matches!(service_named(name), Some(Service::Forge | Service::Ci | Service::Chat))
}

/// The routes to the services, each at the first port that it exposes to the others.
fn site(
    services: &BTreeMap<String, ServiceSpec>,
    mode: Mode,
    port: u16,
    is_https: bool,
) -> Result<routes::Site, Trouble> {
    // Of the others the edge knows nothing.
    let is_reached = |name: &String| Service::ALL.iter().any(|service| service.as_str() == name);
    let upstreams = services
        .iter()
        .filter(|(name, _)| is_reached(name))
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
    /// The services that sign people in at the forge: their settings aren't known before it knows them.
    pub(crate) fn signing_in(&self) -> BTreeSet<&str> {
        let signing_in = routes::settings::for_site(&self.site).oauth_redirect_uris;
        self.services.keys().map(String::as_str).filter(|name| signing_in.contains_key(*name)).collect()
    }

    /// The services that can only start once the forge knows them, and those that wait for these.
    pub(crate) fn after_the_forge(&self) -> BTreeSet<&str> {
        let signing_in = self.signing_in();
        let is_late = |name: &str, spec: &ServiceSpec| {
            signing_in.contains(name) || spec.depends_on.keys().any(|other| signing_in.contains(other.as_str()))
        };
        self.services.iter().filter(|(name, spec)| is_late(name, spec)).map(|(name, _)| name.as_str()).collect()
    }

    /// The services that nobody reaches but by one that signs people in at the forge, and that nobody waits for.
    pub(crate) fn following(&self) -> BTreeSet<&str> {
        let waits_for = |other: &str| self.services.values().any(|spec| spec.depends_on.contains_key(other));
        let follows = |name: &&str| !self.signing_in().contains(name) && !waits_for(name);
        self.after_the_forge().into_iter().filter(follows).collect()
    }

    /// The same with the routes of the edge changed as the options say.
    ///
    /// # Errors
    /// A route or a field that there isn't.
    pub(crate) fn altered(self, options: &StackOptions) -> Result<Self, Trouble> {
        let served = altered::served(&self.site, options).map_err(|error| Trouble {
            service: Some(Service::Edge.to_string()),
            message: error.to_string(),
            help: Some("change or remove the setting".to_owned()),
            log: Vec::new(),
        })?;
        let (served, meddlers) = meddlers::before(&self, served, options);
        let mut services = self.services;
        services.retain(|name, _| !meddlers::is_one(name));
        services.extend(meddlers);
        Ok(Self {
            served,
            services,
            directives: options.directives.clone(),
            caddyfile: options.caddyfile.clone(),
            ..self
        })
    }

    /// Whether the edge is as it should be.
    pub(crate) fn edge_is_well(&self) -> bool {
        self.served == self.site && self.caddyfile.is_empty() && self.directives.is_empty()
    }

    /// Whether all that the options want to be wrong can be: there is such a service, and such a text.
    ///
    /// # Errors
    /// What there isn't, and where it was asked for.
    pub(crate) fn check(&self, options: &StackOptions) -> Result<(), Trouble> {
        let trouble = |service: Service, message: String| Trouble {
            service: Some(service.to_string()),
            message,
            help: Some("change or remove what is to be wrong with the stack".to_owned()),
            log: Vec::new(),
        };
        if let Some(service) = options.tamper.keys().find(|service| !self.services.contains_key(service.as_str())) {
            return Err(trouble(*service, "it can't be tampered with: it isn't part of this stack".to_owned()));
        }
        let text = routes::caddyfile::render_with(&self.served, SecretSource::Environment)
            .map_err(|error| trouble(Service::Edge, error.to_string()))?;
        let text = altered::caddyfile(text, &self.site, &options.caddyfile, Finding::Must);
        text.map(drop).map_err(|why| trouble(Service::Edge, why))
    }

    /// How the edge is reached.
    pub(crate) fn way(&self) -> Way {
        Way { address: self.address, tls: self.ground.authority.as_ref().map(Authority::client) }
    }

    /// What is in a service's volumes before it first starts: the tree that the chat is about.
    pub(crate) fn seeds(&self, name: &str, spec: &ServiceSpec) -> Vec<Seed> {
        if name != Service::Chat.as_str() {
            return Vec::new();
        }
        let seed = |mount: &VolumeMount| {
            let VolumeSource::Named(volume) = &mount.source else { return None };
            let file = |&(path, content): &(&str, &[u8])| File::new(path, content).belonging_to(Some(CHAT_USER));
            let files = WORKSPACE.iter().map(file).collect();
            (volume == "workspace").then(|| Seed { volume: volume.clone(), target: mount.target.clone(), files })
        };
        spec.volumes.iter().filter_map(seed).collect()
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
                    // The gate's secret is none of its text's business.
                    let text = routes::caddyfile::render_with(&self.served, SecretSource::Environment);
                    let text =
                        text.map_err(|error| mistake(format!("the stack's Caddyfile can't be rendered: {error}")))?;
                    let text = altered::caddyfile(text, &self.site, &self.caddyfile, Finding::May).map_err(mistake)?;
                    let text = directives::replaced(&text, &self.directives);
                    let (directory, name) = mount.target.rsplit_once('/').unwrap_or(("", &mount.target));
                    let files = mounts.entry(directory.to_owned()).or_default();
                    files.push(File::new(name, text));
                    if let Some(authority) = &self.ground.authority {
                        files.push(File::new(CERTIFICATE, authority.certificate_pem.as_str()));
                        files.push(File::new(KEY, authority.key_pem.expose()).only_for(spec.user.as_deref()));
                    }
                }
                "staging.Caddyfile" => {
                    let (directory, name) = mount.target.rsplit_once('/').unwrap_or(("", &mount.target));
                    mounts.entry(directory.to_owned()).or_default().push(File::new(name, STAGING_CADDYFILE));
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
        if let Some(authority) = self.ground.authority.as_ref().filter(|_| calls_others(name)) {
            mounts.entry(TRUST.to_owned()).or_default().push(File::new(AUTHORITY, authority.ca_pem.as_str()));
        }
        Ok(mounts.into_iter().map(|(target, files)| FilledMount { target, files }).collect())
    }
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
mod tests;
