//! The order in which the stack comes up: at once the edge, the forge and who needs nobody; the forge's first user as soon as the edge
//! passes requests on to it; then, with the applications that the forge knows them by, who signs people in there. Whatever can be made
//! beforehand is: containers are created before those that they wait for are ready.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;
use scenario::model::Service;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

use super::bring::{Bringing, Stage, seed};
use super::compose::model::ServiceSpec;
use super::follow::{Follower, Repository};
use super::inside::{Container, log_lines};
use super::launch::LaunchError;
use super::pass_on::wait_for_edge;
use super::plan::{Inputs, Plan, Registered, service_named};
use super::ready::{TROUBLE_LOG_LINES, interrupted};
use super::standing::Standing;
use super::versions::version;
use super::volumes::create_network;
use crate::stack::applications::Applications;
use crate::stack::bootstrap::{Forge, bootstrap};
use crate::stack::{Arrivals, Late};

/// What came up.
pub(super) struct Raised {
    /// By what plan, with what the services were told in the end.
    pub(super) plan: Plan,
    /// The forge, where there is one.
    pub(super) forge: Option<Forge>,
    /// The versions that services said they are.
    pub(super) versions: BTreeMap<String, String>,
    /// Who comes when all this is ready.
    pub(super) followers: Vec<Follower>,
    /// Who is on the way already.
    pub(super) arrivals: Arrivals,
}

/// A stack on its way up.
pub(super) struct Rising<'a> {
    pub(super) standing: &'a Standing,
    pub(super) inputs: &'a Inputs<'a>,
    pub(super) progress: &'a (dyn Fn(String) + Send + Sync),
    /// Calls it off.
    pub(super) stop: &'a CancellationToken,
    /// Calls off what is still on its way when all this is ready.
    pub(super) called_off: &'a CancellationToken,
}

/// What the services on their way share.
struct Shared {
    stages: BTreeMap<String, watch::Sender<Stage>>,
    reservation: Mutex<Option<TcpListener>>,
    versions: Mutex<BTreeMap<String, String>>,
    first_failure: Mutex<Option<LaunchError>>,
    /// Where one fails, the others end at their next step rather than in the middle of one.
    failed: CancellationToken,
}

impl Shared {
    fn fail(&self, error: LaunchError) {
        self.first_failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.failed.cancel();
    }

    /// Waits until all of these are ready; false where one has failed.
    async fn ready(&self, names: &[&str]) -> bool {
        for stage in names.iter().filter_map(|name| self.stages.get(*name)) {
            let mut changes = stage.subscribe();
            tokio::select! {
                biased;
                () = self.failed.cancelled() => return false,
                _ = changes.wait_for(|stage| *stage >= Stage::Ready) => {}
            }
        }
        true
    }
}

impl Rising<'_> {
    /// Brings it all up. The reservation holds the edge's port until the edge is about to take it.
    pub(super) async fn up(&self, reservation: TcpListener) -> Result<Raised, LaunchError> {
        let plan = self.inputs.plan(None).map_err(LaunchError::Other)?;
        for network in &plan.networks {
            let made = create_network(&self.standing.docker, &self.standing.run, network).await;
            made.map_err(|error| {
                let why = super::engine::chain(&error);
                LaunchError::Other(general(format!("the stack's network can't be made: {why}")))
            })?;
        }
        let shared = Shared {
            stages: plan.services.keys().map(|name| (name.clone(), watch::Sender::new(Stage::Waiting))).collect(),
            reservation: Mutex::new(Some(reservation)),
            versions: Mutex::default(),
            first_failure: Mutex::default(),
            failed: self.stop.child_token(),
        };
        // Who only waits for these can be created beforehand.
        let late = plan.signing_in();
        let following = plan.following();
        let is_early = |name: &&str| !late.contains(name) && !following.contains(name);
        let early = plan.services.keys().map(String::as_str).filter(is_early).collect();
        let (_, followers, raised) = tokio::join!(
            self.bring(&plan, &early, &shared),
            self.followers(&plan, &following, &shared),
            self.behind_the_edge(&plan, &late, &shared)
        );
        let Shared { first_failure, versions, .. } = shared;
        if let Some(error) = first_failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let versions = versions.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut arrivals = Arrivals::default();
        let Some((plan, forge, repository)) = raised else {
            return Ok(Raised { plan, forge: None, versions, followers, arrivals });
        };
        arrivals.extend(repository);
        Ok(Raised { plan, forge: Some(forge), versions, followers, arrivals })
    }

    /// The user told it, or one of those that it waits for, something else than it should be.
    fn is_altered(&self, name: &str) -> bool {
        let told = &self.inputs.options.environment;
        let is_told = |told_otherwise: &Service| {
            let other = told_otherwise.as_str();
            other == name || (name == Service::CiAgent.as_str() && other == Service::Ci.as_str())
        };
        told.keys().any(is_told)
    }

    /// The containers of those who follow, created when only the forge is still awaited: it doesn't need the whole machine.
    async fn followers(&self, plan: &Plan, names: &BTreeSet<&str>, shared: &Shared) -> Vec<Follower> {
        if names.is_empty() || !shared.ready(&[Service::Edge.as_str()]).await {
            return Vec::new();
        }
        let specs = names.iter().filter_map(|name| Some((*name, service_named(name)?, plan.services.get(*name)?)));
        let created = join_all(specs.map(|(name, service, spec)| async move {
            let container = self.bringing(plan, name, spec, shared).created(&shared.failed).await;
            let container = container.map_err(|error| shared.fail(error)).ok()?;
            let goes_on_trying = self.is_altered(name) && spec.restarts;
            let (docker, healthcheck) = (self.standing.docker.clone(), spec.healthcheck.clone());
            Some(Follower { service, docker, container, healthcheck, goes_on_trying })
        }));
        created.await.into_iter().flatten().collect()
    }

    /// What these begin with is in their volumes, put there when only the forge is still awaited; false where something has failed.
    async fn seeded(&self, plan: &Plan, names: &BTreeSet<&str>, shared: &Shared) -> bool {
        if !shared.ready(&[Service::Edge.as_str()]).await {
            return false;
        }
        let specs = names.iter().filter_map(|name| Some((*name, plan.services.get(*name)?)));
        let seeded = join_all(specs.map(|(name, spec)| seed(self.standing, plan, name, spec))).await;
        let result = seeded.into_iter().collect::<Result<(), Trouble>>();
        result.map_err(|trouble| shared.fail(LaunchError::Other(trouble))).is_ok()
    }

    fn bringing<'b>(
        &'b self,
        plan: &'b Plan,
        name: &'b str,
        spec: &'b ServiceSpec,
        shared: &'b Shared,
    ) -> Bringing<'b> {
        let Shared { stages, reservation, .. } = shared;
        let is_altered = self.is_altered(name);
        Bringing { standing: self.standing, plan, name, spec, stages, reservation, is_altered }
    }

    /// Brings these up, each as soon as those that it waits for allow.
    async fn bring(&self, plan: &Plan, names: &BTreeSet<&str>, shared: &Shared) {
        let specs = names.iter().filter_map(|name| Some((*name, plan.services.get(*name)?)));
        join_all(specs.map(|(name, spec)| async move {
            if let Err(error) = self.bringing(plan, name, spec, shared).up(self.progress, &shared.failed).await {
                return shared.fail(error);
            }
            // While others are still on their way.
            if let Some(version) = version(self.standing, plan, name).await {
                let mut versions = shared.versions.lock().unwrap_or_else(PoisonError::into_inner);
                versions.insert(name.to_owned(), version);
            }
        }))
        .await;
    }

    /// What comes once the edge and the forge are ready: the forge is set up, and the late ones follow. Gives the plan by which they
    /// were started; `None` where there is no forge, or something failed.
    async fn behind_the_edge(
        &self,
        plan: &Plan,
        late: &BTreeSet<&str>,
        shared: &Shared,
    ) -> Option<(Plan, Forge, Arrivals)> {
        let awaited = [Service::Edge.as_str(), Service::Forge.as_str()];
        let (is_seeded, are_ready) = tokio::join!(self.seeded(plan, late, shared), shared.ready(&awaited));
        if !(is_seeded && are_ready) {
            return None;
        }
        let set_up = async {
            wait_for_edge(self.standing, plan, &shared.failed).await?;
            let (Some(url), Some(container)) = (plan.site.service_url("forge"), self.standing.container("forge"))
            else {
                return Ok(None);
            };
            (self.progress)("creating the forge's first user and a repository".to_owned());
            let inside = Container { docker: &self.standing.docker, id: &container };
            let way = plan.way();
            let made = tokio::select! {
                made = bootstrap(&url, &way, &inside) => made,
                () = shared.failed.cancelled() => return Err(interrupted("forge")),
            };
            match made {
                Ok(forge) => Ok(Some((url, forge))),
                Err(error) => Err(self.forge_trouble(error.to_string()).await),
            }
        };
        let (url, forge) = match set_up.await {
            Ok(set_up) => set_up?,
            Err(trouble) => {
                shared.fail(LaunchError::Other(trouble));
                return None;
            }
        };
        let told = match self.registered(plan, &url, &forge).await {
            Ok(told) => told,
            Err(trouble) => {
                shared.fail(LaunchError::Other(trouble));
                return None;
            }
        };
        // Not before: on one database writers wait for each other, and for a repository longest.
        let mut arrivals = Arrivals::default();
        if let Some(container) = self.standing.container(Service::Forge.as_str()) {
            let (forge, docker) = (forge.clone(), self.standing.docker.clone());
            let repository = Repository { forge, url, way: plan.way(), docker, container };
            arrivals.note(Late::Repository, repository.arrive(self.called_off.clone()));
        }
        self.bring(&told, late, shared).await;
        Some((told, forge, arrivals))
    }

    /// The plan, once the forge knows who signs people in there.
    async fn registered(&self, plan: &Plan, url: &str, forge: &Forge) -> Result<Plan, Trouble> {
        let way = plan.way();
        let services = self.inputs.signing_in();
        let applications = Applications { forge: url, way: &way, owner: (&forge.user, &forge.password) };
        let applications = applications.register(&services, &plan.site, &self.inputs.options.applications).await;
        let applications = match applications {
            Ok(applications) => applications,
            Err(why) => return Err(self.forge_trouble(why).await),
        };
        let mut chat_token = None;
        if services.contains(&Service::Chat) {
            match forge.create_token(url, &way, Service::Chat.as_str()).await {
                Ok(token) => chat_token = Some(token),
                Err(error) => return Err(self.forge_trouble(error.to_string()).await),
            }
        }
        let registered = Registered { product: forge.product, applications, chat_token };
        self.inputs.plan(Some(registered))
    }

    async fn forge_trouble(&self, message: String) -> Trouble {
        let log = match self.standing.container(Service::Forge.as_str()) {
            Some(container) => log_lines(&self.standing.docker, &container, TROUBLE_LOG_LINES).await,
            None => Vec::new(),
        };
        Trouble { service: Some(Service::Forge.to_string()), message, help: None, log }
    }
}

fn general(message: String) -> Trouble {
    Trouble { service: None, message, help: None, log: Vec::new() }
}
