//! What is to be stood up: from the compose file, the needs and the options to containers, volumes and files. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use scenario::model::{Mode, Service};
use scenario::{Diagnostic, Secret, Source};
use verdict::evidence::Trouble;

use super::compose;
use super::compose::model::{Compose, ServiceSpec, VolumeSource};
use super::volumes::File;
use crate::images::{Choice, entry, no_image};
use crate::stack::api::Way;
use crate::stack::authority::Authority;
use crate::stack::fixtures::{STAGING, STAGING_CADDYFILE};
use crate::stack::{Application, Product, StackOptions, addresses, applications, random};

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
/// How long the secret is that the CI and its agent share.
const SECRET_LENGTH: usize = 32;
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
    /// What all plans of a stack share.
    pub(crate) ground: Ground,
    /// What came out of setting the forge up.
    pub(crate) registered: Option<Registered>,
}

/// What a stack keeps from its beginning to its end.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    /// The port of loopback where the edge listens.
    pub(crate) port: u16,
    /// Who vouches for the edge, where it speaks https.
    pub(crate) authority: Option<Authority>,
    /// What the CI and its agent know of each other.
    agent_secret: Secret,
}

impl Ground {
    /// At this port, with a secret of its own.
    ///
    /// # Errors
    /// There are no random bytes.
    pub(crate) fn new(port: u16, authority: Option<Authority>) -> Result<Self, random::Unavailable> {
        Ok(Self { port, authority, agent_secret: Secret::new(random::text(random::ALPHANUMERIC, SECRET_LENGTH)?) })
    }
}

/// What is known once the forge is set up, and those who sign people in there are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registered {
    /// Which forge it is.
    pub(crate) product: Product,
    /// The CI's application there.
    pub(crate) ci: Option<Application>,
}

/// What a plan is made of.
#[derive(Debug)]
pub(crate) struct Inputs<'a> {
    /// The services by name.
    pub(crate) names: &'a BTreeSet<String>,
    /// How the stack is to be.
    pub(crate) options: &'a StackOptions,
    /// What the services run from.
    pub(crate) images: &'a BTreeMap<Service, Choice>,
    /// What it keeps.
    pub(crate) ground: Ground,
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

impl Inputs<'_> {
    /// The plan. Before the forge is set up nobody is `registered` there, and those who sign people in are told nothing of it.
    ///
    /// # Errors
    /// An application for a service that isn't there. The compose file can't be read, or the routes are impossible: mistakes of
    /// ours, which its tests keep out.
    pub(crate) fn plan(&self, registered: Option<Registered>) -> Result<Plan, Trouble> {
        let has_ci = self.names.contains(Service::Ci.as_str());
        applications::refuse_unknown(&self.options.applications, if has_ci { &[Service::Ci] } else { &[] })?;
        let compose = read(&|variable| self.variable(variable, registered.as_ref()))?;
        plan(self, compose, registered)
    }

    /// The value of a variable of the compose file; `None` leaves it its default.
    fn variable(&self, name: &str, registered: Option<&Registered>) -> Option<String> {
        let is_gitea = registered.is_some_and(|registered| registered.product == Product::Gitea);
        let application = registered.and_then(|registered| registered.ci.as_ref());
        match name {
            "EDGE_PORT" => Some(self.ground.port.to_string()),
            "CI_FORGEJO" => Some((!is_gitea).to_string()),
            "CI_GITEA" => Some(is_gitea.to_string()),
            "CI_OAUTH_CLIENT_ID" => Some(application?.client_id.clone()),
            "CI_OAUTH_CLIENT_SECRET" => Some(application?.client_secret.expose().to_owned()),
            "CI_AGENT_SECRET" | "CI_GRPC_SECRET" => Some(self.ground.agent_secret.expose().to_owned()),
            _ => {
                let is_its = |service: &Service| entry(*service).is_some_and(|entry| entry.variable == name);
                self.images.iter().find(|(service, _)| is_its(service)).map(|(_, choice)| choice.image.clone())
            }
        }
    }
}

fn plan(inputs: &Inputs<'_>, compose: Compose, registered: Option<Registered>) -> Result<Plan, Trouble> {
    let Inputs { names, options, ground, .. } = inputs;
    let Ground { port, authority, .. } = ground;
    let mut services: BTreeMap<String, ServiceSpec> =
        compose.services.into_iter().filter(|(name, _)| names.contains(name)).collect();
    let site = site(&services, options.mode, *port, authority.is_some())?;
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
    let networks = services.values().flat_map(|spec| spec.networks.keys().cloned()).collect();
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), *port);
    let served = site.clone();
    Ok(Plan { services, networks, site, served, address, ground: ground.clone(), registered })
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
    /// The services that can only start once the forge knows them, and those that wait for these.
    pub(crate) fn after_the_forge(&self) -> BTreeSet<&str> {
        let signing_in = routes::settings::for_site(&self.site).oauth_redirect_uris;
        let is_late = |name: &str, spec: &ServiceSpec| {
            signing_in.contains_key(name) || spec.depends_on.keys().any(|other| signing_in.contains_key(other))
        };
        self.services.iter().filter(|(name, spec)| is_late(name, spec)).map(|(name, _)| name.as_str()).collect()
    }

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
        Way { address: self.address, tls: self.ground.authority.as_ref().map(Authority::client) }
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
        let choice =
            |service: Service| Choice { image: format!("own/{service}:1"), origin: Origin::Override, is_double: false };
        CATALOG.iter().map(|entry| (entry.service, choice(entry.service))).collect()
    }

    fn planned(options: &StackOptions, authority: Option<Authority>, registered: Option<Registered>) -> Plan {
        let (names, images, ground) = (all(), images(), Ground::new(4321, authority).unwrap());
        Inputs { names: &names, options, images: &images, ground }.plan(registered).unwrap()
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
            assert_eq!(compose.services[entry.service.as_str()].image, entry.default_image(), "{}", entry.service);
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
        assert_eq!(names(&[Service::Ci]).unwrap(), ["ci", "ci-agent", "edge", "forge"]);
        assert_eq!(names(&[Service::Ide]).unwrap_err().message, "the containers stack has no ide");
    }

    #[test]
    fn every_service_is_confined_and_only_the_edge_is_published_and_that_on_loopback() {
        let plan = planned(&options(Mode::Subpath), None, None);
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
            let plan = planned(options, None, None);
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
    fn the_ci_is_told_its_address_the_forge_s_and_who_it_is_there() {
        let application = Application {
            name: "ci".to_owned(),
            client_id: "an-id".to_owned(),
            client_secret: Secret::new("a-secret"),
            redirect_uris: Vec::new(),
        };
        for (mode, host, forge) in [
            (Mode::Subpath, "http://edge.test:4321/ci", "http://edge.test:4321/forge"),
            (Mode::Subdomain, "http://ci.edge.test:4321", "http://forge.edge.test:4321"),
        ] {
            for (product, is_forgejo, is_gitea) in
                [(Product::Forgejo, "true", "false"), (Product::Gitea, "false", "true")]
            {
                let registered = Registered { product, ci: Some(application.clone()) };
                let plan = planned(&options(mode), None, Some(registered));
                let told = |name: &str| plan.services["ci"].environment[&format!("WOODPECKER_{name}")].as_str();
                assert_eq!((told("HOST"), told("FORGEJO_URL")), (host, forge));
                assert_eq!((told("FORGEJO"), told("GITEA")), (is_forgejo, is_gitea));
                assert_eq!((told("FORGEJO_CLIENT"), told("FORGEJO_SECRET")), ("an-id", "a-secret"));
                let agent = &plan.services["ci-agent"].environment["WOODPECKER_AGENT_SECRET"];
                assert_eq!((told("AGENT_SECRET"), agent.len()), (agent.as_str(), SECRET_LENGTH));
                let shown = format!("{plan:?}");
                assert!(!shown.contains("a-secret") && !shown.contains(agent), "{shown}");
            }
        }
        let before = planned(&options(Mode::Subpath), None, None);
        assert_eq!(before.services["ci"].environment["WOODPECKER_FORGEJO_CLIENT"], "");
    }

    #[test]
    fn what_the_file_binds_is_part_of_the_program() {
        let plan = planned(&options(Mode::Subpath), None, None);
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
        let plan = planned(&options(Mode::Subdomain), Some(authority.clone()), None);
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
        assert_eq!(environment["SSL_CERT_FILE"], "/etc/edge-smoke/ca.pem");
        assert_eq!(mounts("ci").len(), 1);
        // The staging site calls nobody.
        assert_eq!(mounts("staging").len(), 1);
        assert!(plan.services.values().all(|spec| !spec.environment.values().any(|value| value.contains("PRIVATE"))));
    }

    /// With `EDGE_SMOKE_UPDATE=1` in the environment the file is written anew.
    #[test]
    fn the_caddyfile_beside_the_file_is_what_its_default_port_renders() {
        // Without the services that plain `docker compose up` doesn't start.
        let compose = read(&|_| None).unwrap();
        let names = compose.services.into_iter().filter(|(_, spec)| spec.profiles.is_empty()).map(|(name, _)| name);
        let (names, images, options) = (names.collect(), images(), options(Mode::Subpath));
        let ground = Ground::new(8080, None).unwrap();
        let plan = Inputs { names: &names, options: &options, images: &images, ground }.plan(None).unwrap();
        let rendered = routes::caddyfile::render(&plan.site).unwrap();
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/Caddyfile");
        if std::env::var_os("EDGE_SMOKE_UPDATE").is_some() {
            std::fs::write(&path, &rendered).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert_eq!(committed, rendered, "run this test with EDGE_SMOKE_UPDATE=1 to write fixtures/Caddyfile anew");
    }
}
