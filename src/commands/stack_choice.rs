//! Which kind of stack a run stands on, and why.

use std::collections::BTreeSet;

use scenario::model::{Service, StackKind};

use crate::cli::{CommandError, RunArgs, StackChoice};
use crate::engine::http::target::Origin;
use crate::images;
use crate::stack::containers::engine;
use crate::stack::{StackOptions, containers, embedded};

/// The stack that was chosen.
#[derive(Debug)]
pub(super) struct Chosen {
    /// Its kind.
    pub(super) kind: StackKind,
    /// What the user is told: which one, and why.
    pub(super) notice: String,
    /// Of the services that are asked for, those that it can have. Scenarios that need others are skipped.
    pub(super) services: BTreeSet<Service>,
}

/// Chooses by the command line; with `auto`, by what the machine has. Nothing is pulled or started.
///
/// # Errors
/// Flags that contradict each other.
pub(super) async fn choose(
    args: &RunArgs,
    services: &BTreeSet<Service>,
    options: &StackOptions,
) -> Result<Chosen, CommandError> {
    let chosen = |kind: StackKind, why: &str| Chosen {
        kind,
        notice: format!("{kind}: {why}"),
        services: had(kind, services.clone()),
    };
    match (&args.base_url, args.stack) {
        (Some(url), StackChoice::Auto | StackChoice::External) => {
            Origin::parse(url).map_err(|error| {
                CommandError::usage(format!(
                    "error: --base-url: {error}\n  = help: give the origin alone, such as https://example.org; prefixes are \
                     known from the mode"
                ))
            })?;
            let unused = [
                (!args.images.is_empty(), "--image"),
                (!args.settings.is_empty(), "--set"),
                (!args.faults.is_empty(), "--fault"),
                (args.keep, "--keep"),
                (args.tls, "--tls"),
            ];
            if let Some((_, flag)) = unused.iter().find(|(is_given, _)| *is_given) {
                return Err(CommandError::usage(format!(
                    "error: {flag} has no meaning for an external stack: nothing is stood up or changed there"
                )));
            }
            Ok(chosen(StackKind::External, &format!("the site at {url}; nothing is changed there")))
        }
        (None, _) if !args.required.is_empty() => Err(CommandError::usage(
            "error: --require is for a site that somebody else runs: a stack of ours has what it has",
        )),
        (Some(_), _) => {
            Err(CommandError::usage("error: --base-url goes with --stack external, or with no --stack at all"))
        }
        (None, StackChoice::External) => {
            Err(CommandError::usage("error: --stack external needs --base-url, such as https://example.org"))
        }
        (None, StackChoice::Embedded) => {
            Ok(chosen(StackKind::Embedded, "as asked for: doubles, not the real programs"))
        }
        (None, StackChoice::Containers) if lacks_echo(services, options).await => {
            let why = "as asked for, without the echo: `edge-smoke images build double` makes its image, which no registry has";
            let mut chosen = chosen(StackKind::Containers, why);
            chosen.services.remove(&Service::Echo);
            Ok(chosen)
        }
        (None, StackChoice::Containers) => Ok(chosen(StackKind::Containers, "as asked for")),
        (None, StackChoice::Auto) => Ok(match containers_ready(services, options).await {
            Ok((engine, doubles)) => {
                let beside = match doubles.as_slice() {
                    [] => String::new(),
                    doubles => format!("; {} only as doubles", doubles.join(" and ")),
                };
                chosen(StackKind::Containers, &format!("as {engine} answers and has the images{beside}"))
            }
            Err(why) => chosen(StackKind::Embedded, &format!("doubles, not the real programs, as {why}")),
        }),
    }
}

/// Of these services, those that a stack of this kind can have.
pub(super) fn had(kind: StackKind, mut services: BTreeSet<Service>) -> BTreeSet<Service> {
    match kind {
        StackKind::Embedded => services.retain(|service| embedded::SERVICES.contains(service)),
        StackKind::Containers => services.retain(|service| containers::SERVICES.contains(service)),
        StackKind::External => {}
    }
    services
}

/// Whether the echo is asked for and can't be had: it is of use to our own scenarios alone, and no reason to claim nothing of a stack
/// that has everything else.
pub(super) async fn lacks_echo(services: &BTreeSet<Service>, options: &StackOptions) -> bool {
    if !services.contains(&Service::Echo) || options.images.contains_key(&Service::Echo) {
        return false;
    }
    // Where no engine answers, standing the stack up will say so.
    let rows = images::list(&options.images).await.unwrap_or_default();
    rows.iter().any(|row| row.service == Service::Echo && row.used.is_none())
}

/// Whether the containers stack could be stood up as things are: the engine's name and the services that are doubles in place of what
/// others make, or what is missing.
async fn containers_ready(
    services: &BTreeSet<Service>,
    options: &StackOptions,
) -> Result<(String, Vec<&'static str>), String> {
    let engine = engine::engine().await.map_err(|_| "no container engine answers".to_owned())?;
    let rows = images::list(&options.images).await.map_err(|trouble| trouble.message)?;
    // The CI brings its agent along.
    let is_asked = |row: &&images::Row| {
        services.contains(&row.service) || row.service == Service::CiAgent && services.contains(&Service::Ci)
    };
    let missing: Vec<&str> =
        rows.iter().filter(is_asked).filter(|row| row.used.is_none()).map(|row| row.wanted()).collect();
    if missing.is_empty() {
        let doubles = rows.iter().filter(is_asked).filter(|row| row.is_stood_in_for());
        Ok((format!("Docker {}", engine.version), doubles.map(|row| row.service.as_str()).collect()))
    } else {
        Err(format!("{} is not there (`edge-smoke images build` builds what can't be pulled)", missing.join(", ")))
    }
}
