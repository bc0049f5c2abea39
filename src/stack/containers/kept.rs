//! A stack that was left standing, found again: what can't be asked of it is kept with it, in a volume of its own that goes with it.
//!
//! The volume holds the secrets that the harness made for the stack. Whoever may use the engine reads them from its containers anyway.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;

use bollard::Docker;
use bollard::models::{ContainerCreateBody, ContainerSummary, HostConfig};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder, ListContainersOptionsBuilder,
    RemoveContainerOptionsBuilder,
};
use futures_util::TryStreamExt;
use scenario::Secret;
use scenario::model::{Mode, Service};
use serde::{Deserialize, Serialize};
use verdict::evidence::{StackFacts, Trouble};

use super::engine::{chain, connect};
use super::owner::{KEEP_LABEL, RUN_LABEL};
use super::plan::{Ground, Inputs, Registered, service_named};
use super::run::Run;
use super::stack::Containers;
use super::standing::Standing;
use super::volumes::{File, fill, mount};
use crate::images::{Choice, Origin};
use crate::stack::authority::Authority;
use crate::stack::bootstrap::{Forge, Product};
use crate::stack::{Application, Injected, StackOptions};

/// The version of what is kept. A stack that another version of the program kept is not understood.
const VERSION: u32 = 2;
/// The volume's name within its run.
const VOLUME: &str = "state";
/// Where it is mounted to be read.
const PLACE: &str = "/edge-smoke";
/// The file in it.
const FILE: &str = "state.json";
/// The most that is read of it, in bytes.
const LIMIT: u64 = 1 << 20;

/// What is kept. Without `Debug`: it is full of secrets.
#[derive(Serialize, Deserialize)]
struct State {
    version: u32,
    facts: StackFacts,
    tls: bool,
    is_gitea: bool,
    services: BTreeSet<String>,
    images: BTreeMap<String, Image>,
    environment: BTreeMap<String, BTreeMap<String, Option<String>>>,
    injected: Injected,
    port: u16,
    agent_secret: String,
    gate_secret: String,
    authority: Option<Certificates>,
    forge: Option<Owner>,
    clients: BTreeMap<String, Client>,
    chat_token: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Image {
    name: String,
    is_double: bool,
}

#[derive(Serialize, Deserialize)]
struct Certificates {
    ca: String,
    certificate: String,
    key: String,
}

#[derive(Serialize, Deserialize)]
struct Owner {
    version: String,
    user: String,
    password: String,
    repository: String,
}

#[derive(Serialize, Deserialize)]
struct Client {
    name: String,
    client_id: String,
    client_secret: String,
    redirect_uris: Vec<String>,
}

impl Client {
    fn of(application: &Application) -> Self {
        Self {
            name: application.name.clone(),
            client_id: application.client_id.clone(),
            client_secret: application.client_secret.expose().to_owned(),
            redirect_uris: application.redirect_uris.clone(),
        }
    }

    fn application(self) -> Application {
        Application {
            name: self.name,
            client_id: self.client_id,
            client_secret: Secret::new(self.client_secret),
            redirect_uris: self.redirect_uris,
        }
    }
}

impl Containers {
    /// After a change, where the stack is kept: what was written down before is of yesterday, secrets included.
    ///
    /// # Errors
    /// The engine refuses.
    pub(super) async fn remember_if_kept(&self) -> Result<(), Trouble> {
        if self.options.keep { self.remember().await } else { Ok(()) }
    }

    /// Keeps what a later run of the program needs to find this stack and to change it.
    ///
    /// # Errors
    /// The engine refuses.
    pub(super) async fn remember(&self) -> Result<(), Trouble> {
        let unable =
            |why: String| trouble(format!("what is to be known of the kept stack can't be written down: {why}"));
        let Some(edge) = self.images.get(&Service::Edge) else { return Ok(()) };
        let json = serde_json::to_vec(&self.state()).map_err(|error| unable(error.to_string()))?;
        let file = File::new(FILE, json).only_for(None);
        let Standing { docker, run, .. } = &self.standing;
        fill(docker, run, VOLUME, &edge.image, &[file]).await.map_err(|error| unable(chain(&error)))
    }

    fn state(&self) -> State {
        let options = &self.options;
        let named = |(service, choice): (&Service, &Choice)| {
            (service.to_string(), Image { name: choice.image.clone(), is_double: choice.is_double })
        };
        let registered = self.plan.registered.as_ref();
        State {
            version: VERSION,
            facts: self.facts.clone(),
            tls: options.tls,
            is_gitea: registered.is_some_and(|registered| registered.product == Product::Gitea),
            services: self.plan.services.keys().cloned().collect(),
            images: self.images.iter().map(named).collect(),
            environment: options.environment.iter().map(|(name, all)| (name.to_string(), all.clone())).collect(),
            injected: options.injected.clone(),
            port: self.plan.ground.port,
            agent_secret: self.plan.ground.agent_secret().expose().to_owned(),
            gate_secret: self.plan.ground.gate_secret().expose().to_owned(),
            authority: self.plan.ground.authority.as_ref().map(|authority| Certificates {
                ca: authority.ca_pem.clone(),
                certificate: authority.certificate_pem.clone(),
                key: authority.key_pem.expose().to_owned(),
            }),
            forge: self.forge.as_ref().map(|forge| Owner {
                version: forge.version.clone(),
                user: forge.user.clone(),
                password: forge.password.expose().to_owned(),
                repository: forge.repository.clone(),
            }),
            clients: registered
                .iter()
                .flat_map(|registered| &registered.applications)
                .map(|(service, application)| (service.to_string(), Client::of(application)))
                .collect(),
            chat_token: registered
                .and_then(|registered| registered.chat_token.as_ref())
                .map(|token| token.expose().to_owned()),
        }
    }
}

/// A stack that was left standing.
pub struct Kept {
    docker: Docker,
    run: Run,
    containers: BTreeMap<String, String>,
    state: State,
}

/// Finds the stack that `--keep` left standing at this address.
///
/// # Errors
/// No engine answers; the engine refuses; there is such a stack, and what was written down of it can't be read.
pub async fn kept(base_url: &str) -> Result<Option<Kept>, Trouble> {
    let (docker, _) = connect().await?;
    let filters = HashMap::from([("label", vec![KEEP_LABEL])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let listed = docker.list_containers(Some(options)).await;
    let listed =
        listed.map_err(|error| trouble(format!("the engine can't be asked for kept stacks: {}", chain(&error))))?;
    let mut runs: BTreeMap<String, Vec<ContainerSummary>> = BTreeMap::new();
    for container in listed {
        let run = container.labels.as_ref().and_then(|labels| labels.get(RUN_LABEL)).cloned();
        runs.entry(run.unwrap_or_default()).or_default().push(container);
    }
    for (id, containers) in runs.into_iter().filter(|(id, _)| !id.is_empty()) {
        let publishes = |container: &ContainerSummary| {
            let ports = container.ports.iter().flatten().filter_map(|port| port.public_port);
            ports.map(|port| port.to_string()).any(|port| base_url.ends_with(&format!(":{port}")))
        };
        if !containers.iter().any(publishes) {
            continue;
        }
        let labels = containers.iter().find_map(|container| container.labels.clone()).unwrap_or_default();
        let run = Run::restored(id, labels);
        let Some(image) = containers.iter().find_map(|container| container.image.clone()) else { continue };
        let state = read(&docker, &run, &image).await.map_err(|why| {
            trouble(format!("a kept stack stands at {base_url}, and what was written down of it can't be read: {why}"))
        })?;
        if state.facts.base_url != base_url {
            continue;
        }
        let id_of = |name: &String| {
            let wanted = format!("/{}", run.name(name));
            let container = containers.iter().find(|it| it.names.iter().flatten().any(|name| *name == wanted))?;
            Some((name.clone(), container.id.clone()?))
        };
        let containers = state.services.iter().filter_map(id_of).collect();
        return Ok(Some(Kept { docker, run, containers, state }));
    }
    Ok(None)
}

impl Kept {
    /// What was set wrong in it.
    pub fn injected(&self) -> &Injected {
        &self.state.injected
    }

    /// Its mode, and whether it speaks https.
    pub fn options(&self) -> StackOptions {
        let mode = match self.state.facts.mode {
            verdict::evidence::Mode::Subpath => Mode::Subpath,
            verdict::evidence::Mode::Subdomain => Mode::Subdomain,
        };
        StackOptions { tls: self.state.tls, keep: true, ..StackOptions::new(mode) }
    }

    /// The stack, to be looked at and changed: `options` are those of [`Kept::options`], with what was set wrong. It stays
    /// standing, whatever becomes of this.
    ///
    /// # Errors
    /// What was written down makes no sense.
    pub fn stack(self, options: StackOptions) -> Result<Containers, Trouble> {
        let Self { docker, run, containers, state } = self;
        let environment = state.environment.into_iter();
        let environment = environment.filter_map(|(name, all)| Some((service_named(&name)?, all))).collect();
        let options = StackOptions { environment, injected: state.injected, ..options };
        let images: BTreeMap<Service, Choice> = state
            .images
            .into_iter()
            .filter_map(|(name, image)| {
                let choice = Choice { image: image.name, origin: Origin::Override, is_double: image.is_double };
                Some((service_named(&name)?, choice))
            })
            .collect();
        let authority = state.authority.map(|it| Authority::restored(it.ca, it.certificate, Secret::new(it.key)));
        let authority = authority.transpose().map_err(|error| trouble(error.to_string()))?;
        let ground =
            Ground::restored(state.port, authority, Secret::new(state.agent_secret), Secret::new(state.gate_secret));
        let product = if state.is_gitea { Product::Gitea } else { Product::Forgejo };
        let forge = state.forge.map(|it| Forge {
            product,
            version: it.version,
            user: it.user,
            password: Secret::new(it.password),
            repository: it.repository,
        });
        let clients = state.clients.into_iter();
        let applications = clients.filter_map(|(name, it)| Some((service_named(&name)?, it.application()))).collect();
        let chat_token = state.chat_token.map(Secret::new);
        let registered = forge.is_some().then_some(Registered { product, applications, chat_token });
        let inputs = Inputs { names: &state.services, options: &options, images: &images, ground };
        let plan = inputs.plan(registered)?.altered(&options)?;
        let standing = Standing::new(docker, run);
        standing.keep();
        containers.into_iter().for_each(|(name, id)| standing.note(&name, id));
        Ok(Containers::found(standing, (plan, forge), options, images, state.facts))
    }
}

/// Reads what was kept, by a container that is never started.
async fn read(docker: &Docker, run: &Run, image: &str) -> Result<State, String> {
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        cmd: Some(vec!["true".to_owned()]),
        labels: Some(run.labels()),
        host_config: Some(HostConfig { mounts: Some(vec![mount(run, VOLUME, PLACE, true)]), ..Default::default() }),
        ..Default::default()
    };
    let options = CreateContainerOptionsBuilder::new().name(&run.name(&format!("{VOLUME}-read"))).build();
    let container = docker.create_container(Some(options), body).await.map_err(|error| chain(&error))?.id;
    let content = archive(docker, &container).await;
    let removal = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    docker.remove_container(&container, Some(removal)).await.map_err(|error| chain(&error))?;
    let state: State = serde_json::from_slice(&content?).map_err(|error| error.to_string())?;
    if state.version != VERSION {
        return Err(format!("it is of version {}, and this edge-smoke knows version {VERSION}", state.version));
    }
    Ok(state)
}

async fn archive(docker: &Docker, container: &str) -> Result<Vec<u8>, String> {
    let options = DownloadFromContainerOptionsBuilder::new().path(&format!("{PLACE}/{FILE}")).build();
    let mut pieces = docker.download_from_container(container, Some(options));
    let mut bytes: Vec<u8> = Vec::new();
    while let Some(piece) = pieces.try_next().await.map_err(|error| chain(&error))? {
        bytes.extend_from_slice(&piece);
        if bytes.len() as u64 > LIMIT {
            return Err("it is too large".to_owned());
        }
    }
    let mut archive = tar::Archive::new(bytes.as_slice());
    let mut entries = archive.entries().map_err(|error| error.to_string())?;
    let entry = entries.next().ok_or_else(|| "it isn't there".to_owned())?.map_err(|error| error.to_string())?;
    let mut content = Vec::new();
    entry.take(LIMIT).read_to_end(&mut content).map_err(|error| error.to_string())?;
    Ok(content)
}

fn trouble(message: String) -> Trouble {
    Trouble { service: None, message, help: None, log: Vec::new() }
}
