//! Standing the stack up.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;

use bollard::Docker;
use scenario::model::Service;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

use super::cleanup::sweep;
use super::engine::connect;
use super::launch::LaunchError;
use super::order::Rising;
use super::plan::{Ground, HOST, Inputs, doubles, required, service_named};
use super::run::Run;
use super::stack::Containers;
use super::standing::Standing;
use crate::engine::events::{Event, Sink};
use crate::images::{Choice, entry, resolve};
use crate::stack::authority::Authority;
use crate::stack::{Needs, StackOptions};

/// How often another port is tried where somebody else was faster.
const PORT_ATTEMPTS: usize = 5;

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
    let mut task =
        tokio::spawn(stand_up(needs.clone(), options.clone(), sender, Calls { stop, cancel: cancel.clone() }));
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

/// What calls it off.
struct Calls {
    /// Standing it up.
    stop: CancellationToken,
    /// That, or what comes after.
    cancel: CancellationToken,
}

async fn stand_up(
    needs: Needs,
    options: StackOptions,
    events: mpsc::UnboundedSender<Event>,
    calls: Calls,
) -> Result<Containers, Trouble> {
    let stop = &calls.stop;
    // Nobody listens any more: then nobody is to be told.
    let progress = |text: String| drop(events.send(Event::StackProgress(text)));
    let (docker, _) = connect().await?;
    let names = required(&needs.services)?;
    let mut services: BTreeSet<Service> = names.iter().filter_map(|name: &String| service_named(name)).collect();
    if !options.tamper.is_empty() || !options.defects.is_empty() {
        // Meddlers and doubles are of the echo's image.
        services.insert(Service::Echo);
    }
    // What is swept away gives the engine back networks' addresses, which this run may need.
    let (removed, images) = tokio::join!(sweep(&docker), async {
        tokio::select! {
            images = resolve(&docker, &services, &options.images, options.pull, &progress) => images,
            () = stop.cancelled() => Err(general("interrupted".to_owned())),
        }
    });
    match removed {
        Ok(removed) if removed.is_empty() => {}
        Ok(removed) => progress(format!("removed what a killed run had left: {}", removed.join(", "))),
        // This run can do without.
        Err(why) => progress(format!("what a killed run had left could not be removed: {why}")),
    }
    let images = doubles::images(images?, &options);
    let doubles: Vec<&str> =
        Service::PARTS.iter().filter(|service| stands_in(service, &images)).map(|it| it.as_str()).collect();
    if !doubles.is_empty() {
        let what = format!("{} here: doubles, which don't speak for the real programs", doubles.join(" and "));
        drop(events.send(Event::Notice(what)));
    }
    let orders = Orders {
        docker: &docker,
        names: &names,
        options: &options,
        images: &images,
        progress: &progress,
        calls: &calls,
    };
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
    if let Some(commands) = containers.keep_if_asked().await? {
        drop(events.send(Event::Notice(format!("the stack will be kept; this removes it: {commands}"))));
    }
    Ok(containers)
}

/// Whether a double is there in place of what others make.
fn stands_in(service: &Service, images: &BTreeMap<Service, Choice>) -> bool {
    let is_double = images.get(service).is_some_and(|choice| choice.is_double);
    is_double && entry(*service).is_some_and(|entry| entry.official.is_some())
}

/// What is to be stood up.
struct Orders<'a> {
    docker: &'a Docker,
    names: &'a BTreeSet<String>,
    options: &'a StackOptions,
    images: &'a BTreeMap<Service, Choice>,
    progress: &'a (dyn Fn(String) + Send + Sync),
    calls: &'a Calls,
}

impl Orders<'_> {
    /// One attempt, on one port. Whatever goes wrong, what it has made is gone when it returns.
    async fn carry_out(&self) -> Result<Containers, LaunchError> {
        let run = Run::new(self.options.keep).map_err(|error| LaunchError::Other(general(error.to_string())))?;
        // Held until the edge is about to take it.
        let (reservation, port) = reserve_port().map_err(LaunchError::Other)?;
        let authority = self.options.tls.then(|| Authority::new(HOST)).transpose();
        let authority = authority.map_err(|error| LaunchError::Other(general(error.to_string())))?;
        let ground = Ground::new(port, authority).map_err(|error| LaunchError::Other(general(error.to_string())))?;
        let inputs = Inputs { names: self.names, options: self.options, images: self.images, ground };
        // Before anything stands: what can't be wrong in the way that is asked for is a mistake of who asks.
        let planned = inputs.plan(None).and_then(|plan| plan.altered(self.options));
        planned.and_then(|plan| plan.check(self.options)).map_err(LaunchError::Other)?;
        let standing = Standing::new(self.docker.clone(), run);
        let called_off = self.calls.cancel.child_token();
        // Where this comes to nothing, so does what is on its way.
        let unless_ready = called_off.clone().drop_guard();
        let rising = Rising {
            called_off: &called_off,
            standing: &standing,
            inputs: &inputs,
            progress: self.progress,
            stop: &self.calls.stop,
        };
        let raised = rising.up(reservation).await;
        match raised {
            Ok(raised) => {
                self.altered(Containers::new(standing, raised, self.options, self.images, unless_ready.disarm())).await
            }
            Err(error) => Err(clean_up(&standing, error).await),
        }
    }

    /// The stack with what is to be wrong with it.
    async fn altered(&self, mut containers: Containers) -> Result<Containers, LaunchError> {
        match containers.alter(&self.calls.stop).await {
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

fn general(message: String) -> Trouble {
    Trouble { service: None, message, help: None, log: Vec::new() }
}
