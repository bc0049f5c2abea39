//! Standing the stack up.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bollard::Docker;
use futures_util::future::join_all;
use scenario::model::Service;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

use super::bring::{Bringing, Stage};
use super::cleanup::sweep;
use super::engine::{chain, connect};
use super::inside::{Container, log_lines};
use super::launch::LaunchError;
use super::plan::{HOST, Plan, plan, required, service_named};
use super::ready::{TROUBLE_LOG_LINES, interrupted};
use super::run::Run;
use super::stack::Containers;
use super::standing::Standing;
use super::volumes::create_network;
use crate::engine::events::{Event, Sink};
use crate::images::{Choice, resolve};
use crate::stack::api::Api;
use crate::stack::authority::Authority;
use crate::stack::bootstrap::{Forge, bootstrap};
use crate::stack::{Needs, StackOptions};

/// How often another port is tried where somebody else was faster.
const PORT_ATTEMPTS: usize = 5;
/// How long the edge may take to pass requests on, once it and what is behind it are ready.
const EDGE_WITHIN: Duration = Duration::from_secs(30);
/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Stands the stack up: what the needs say, nothing more. What it does goes to `sink`. When this returns an error,
/// is cancelled, or its future is dropped, nothing of it is left.
///
/// # Errors
/// No engine; an image that can't be had; a service that doesn't come up, with its last log lines; `cancel` was called.
pub async fn up(
    needs: &Needs,
    options: &StackOptions,
    sink: &dyn Sink,
    cancel: &CancellationToken,
) -> Result<Containers, Trouble> {
    let stop = cancel.child_token();
    // A task of its own: where this future is dropped, the task learns of it, ends what it is at, and cleans up. An
    // exchange with the engine that was cut off halfway could leave a container that nobody has heard of.
    let _stop_when_dropped = stop.clone().drop_guard();
    let (sender, mut events) = mpsc::unbounded_channel();
    let mut task = tokio::spawn(stand_up(needs.clone(), options.clone(), sender, stop));
    let result = loop {
        tokio::select! {
            biased;
            Some(event) = events.recv() => sink.emit(event),
            result = &mut task => break result,
        }
    };
    while let Ok(event) = events.try_recv() {
        sink.emit(event);
    }
    result.unwrap_or_else(|error| Err(general(format!("standing the stack up broke off: {error}"))))
}

async fn stand_up(
    needs: Needs,
    options: StackOptions,
    events: mpsc::UnboundedSender<Event>,
    stop: CancellationToken,
) -> Result<Containers, Trouble> {
    // Nobody listens any more: then nobody is to be told.
    let progress = |text: String| drop(events.send(Event::StackProgress(text)));
    let (docker, _) = connect().await?;
    match sweep(&docker).await {
        Ok(removed) if removed.is_empty() => {}
        Ok(removed) => progress(format!("removed what a killed run had left: {}", removed.join(", "))),
        // This run can do without.
        Err(why) => progress(format!("what a killed run had left could not be removed: {why}")),
    }
    let names = required(&needs.services)?;
    let services: Vec<Service> = names.iter().filter_map(|name: &String| service_named(name)).collect();
    let images = tokio::select! {
        images = resolve(&docker, services, &options.images, options.pull, &progress) => images?,
        () = stop.cancelled() => return Err(general("interrupted".to_owned())),
    };
    let orders =
        Orders { docker: &docker, names: &names, options: &options, images: &images, progress: &progress, stop: &stop };
    let mut attempts = 1;
    let containers = loop {
        match orders.carry_out().await {
            Ok(containers) => break containers,
            Err(LaunchError::PortTaken(_)) if attempts < PORT_ATTEMPTS => {
                progress("somebody else took the edge's port: trying another".to_owned());
                attempts += 1;
            }
            Err(LaunchError::PortTaken(trouble) | LaunchError::Other(trouble)) => return Err(trouble),
        }
    };
    if let Some(commands) = containers.keep_if_asked() {
        drop(events.send(Event::Notice(format!("the stack will be kept; this removes it: {commands}"))));
    }
    Ok(containers)
}

/// What is to be stood up.
struct Orders<'a> {
    docker: &'a Docker,
    names: &'a BTreeSet<String>,
    options: &'a StackOptions,
    images: &'a BTreeMap<Service, Choice>,
    progress: &'a (dyn Fn(String) + Send + Sync),
    stop: &'a CancellationToken,
}

impl Orders<'_> {
    /// One attempt, on one port. Whatever goes wrong, what it has made is gone when it returns.
    async fn carry_out(&self) -> Result<Containers, LaunchError> {
        let run = Run::new(self.options.keep).map_err(|error| LaunchError::Other(general(error.to_string())))?;
        // Held until the edge is about to take it.
        let (reservation, port) = reserve_port().map_err(LaunchError::Other)?;
        let authority = self.options.tls.then(|| Authority::new(HOST)).transpose();
        let authority = authority.map_err(|error| LaunchError::Other(general(error.to_string())))?;
        let plan = plan(self.names, self.options, self.images, port, authority).map_err(LaunchError::Other)?;
        let standing = Standing::new(self.docker.clone(), run);
        match bring_all_up(&standing, &plan, reservation, self.progress, self.stop).await {
            Ok(forge) => self.altered(Containers::new(standing, plan, self.options, self.images, forge).await).await,
            Err(error) => Err(clean_up(&standing, error).await),
        }
    }

    /// The stack with what is to be wrong with it.
    async fn altered(&self, mut containers: Containers) -> Result<Containers, LaunchError> {
        match containers.alter(self.stop).await {
            Ok(()) => Ok(containers),
            Err(trouble) => Err(clean_up(&containers.standing, LaunchError::Other(trouble)).await),
        }
    }
}

/// Removes what there is after an error, which is not to be lost over a second one.
async fn clean_up(standing: &Standing, error: LaunchError) -> LaunchError {
    let Err(left) = standing.remove().await else { return error };
    let (LaunchError::PortTaken(mut trouble) | LaunchError::Other(mut trouble)) = error;
    trouble.message = format!("{}; besides, {}", trouble.message, left.message);
    trouble.help = trouble.help.or(left.help);
    LaunchError::Other(trouble)
}

fn reserve_port() -> Result<(TcpListener, u16), Trouble> {
    let bound = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| {
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    });
    bound.map_err(|error| general(format!("no port of loopback can be had: {error}")))
}

/// Starts every service as soon as those that it depends on allow, waits until all are ready and the edge passes
/// requests on, and sets the forge up.
async fn bring_all_up(
    standing: &Standing,
    plan: &Plan,
    reservation: TcpListener,
    progress: &(dyn Fn(String) + Send + Sync),
    stop: &CancellationToken,
) -> Result<Option<Forge>, LaunchError> {
    let (docker, run) = (&standing.docker, &standing.run);
    for network in &plan.networks {
        create_network(docker, run, network).await.map_err(|error| engine_refused("the stack's network", &error))?;
    }
    let stages: BTreeMap<&String, watch::Sender<Stage>> =
        plan.services.keys().map(|name| (name, watch::Sender::new(Stage::Waiting))).collect();
    let reservation = Mutex::new(Some(reservation));
    let first_failure = Mutex::new(None);
    // Where one fails, the others end at their next step rather than in the middle of one.
    let failed = stop.child_token();
    join_all(plan.services.iter().map(|(name, spec)| {
        let bringing = Bringing { standing, plan, name, spec, stages: &stages, reservation: &reservation };
        let (failed, first_failure) = (&failed, &first_failure);
        async move {
            if let Err(error) = bringing.up(progress, failed).await {
                first_failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                failed.cancel();
            }
        }
    }))
    .await;
    if let Some(error) = first_failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    wait_for_edge(standing, plan, stop).await.map_err(LaunchError::Other)?;
    let (Some(url), Some(container)) = (plan.site.service_url("forge"), standing.container("forge")) else {
        return Ok(None);
    };
    progress("creating the forge's first user and a repository".to_owned());
    let inside = Container { docker, id: &container };
    let way = plan.way();
    let made = tokio::select! {
        made = bootstrap(&url, &way, &inside) => made,
        () = stop.cancelled() => return Err(LaunchError::Other(interrupted("forge"))),
    };
    match made {
        Ok(forge) => Ok(Some(forge)),
        Err(error) => {
            let log = log_lines(docker, &container, TROUBLE_LOG_LINES).await;
            let trouble = Trouble { service: Some("forge".to_owned()), message: error.to_string(), help: None, log };
            Err(LaunchError::Other(trouble))
        }
    }
}

/// Waits until the edge, reached as a browser reaches it, passes a request on to the forge; where there is no
/// forge, or the routes aren't as they should be, until it answers at all.
pub(super) async fn wait_for_edge(standing: &Standing, plan: &Plan, stop: &CancellationToken) -> Result<(), Trouble> {
    let forge = plan.site.service_url("forge").filter(|_| plan.served == plan.site);
    let base = forge.clone().unwrap_or_else(|| plan.site.origin.to_string());
    let path = if forge.is_some() { "/api/healthz" } else { "/" };
    let way = plan.way();
    let api = Api { base: &base, way: &way, credentials: None };
    let deadline = Instant::now() + EDGE_WITHIN;
    let mut ticks = interval(ASK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let answer = tokio::select! {
            () = stop.cancelled() => return Err(interrupted("edge")),
            answer = async { ticks.tick().await; api.get(path).await } => answer,
        };
        let found = match answer {
            Ok(answer) if forge.is_none() || answer.status == 200 => return Ok(()),
            Ok(answer) => format!("answered {}", answer.excerpt()),
            Err(why) => why,
        };
        if Instant::now() >= deadline {
            let log = match standing.container("edge") {
                Some(container) => log_lines(&standing.docker, &container, TROUBLE_LOG_LINES).await,
                None => Vec::new(),
            };
            let message =
                format!("the edge did not pass requests on within {} s: {base}{path}: {found}", EDGE_WITHIN.as_secs());
            return Err(Trouble { service: Some("edge".to_owned()), message, help: None, log });
        }
    }
}

fn engine_refused(what: &str, error: &bollard::errors::Error) -> LaunchError {
    LaunchError::Other(general(format!("{what} can't be made: {}", chain(error))))
}

fn general(message: String) -> Trouble {
    Trouble { service: None, message, help: None, log: Vec::new() }
}
