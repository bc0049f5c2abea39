//! Which kind of stack a run stands on, and why.

use std::collections::BTreeSet;
use std::fmt;

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
        (None, StackChoice::Containers) => Ok(match lacking(services, options).await {
            Some(lacking) => {
                let mut chosen = chosen(StackKind::Containers, &format!("as asked for, {lacking}"));
                chosen.services.retain(|service| !lacking.services.contains(service));
                chosen
            }
            None => chosen(StackKind::Containers, "as asked for"),
        }),
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

/// Services that are asked for and can't be had, since nobody has built their images.
pub(super) struct Lacking {
    pub(super) services: Vec<Service>,
    /// The recipes of the images.
    recipes: BTreeSet<&'static str>,
}

impl fmt::Display for Lacking {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let services: Vec<String> = self.services.iter().map(|service| format!("the {service}")).collect();
        let recipes: Vec<&str> = self.recipes.iter().copied().collect();
        let (services, recipes) = (services.join(" and "), recipes.join(" "));
        let what = if self.services.len() == 1 { "its image" } else { "their images" };
        write!(formatter, "without {services}: `edge-smoke images build {recipes}` makes {what}, which no registry has")
    }
}

/// What is asked for and can't be had, of services whose images no registry has: no reason to claim nothing of a stack that has
/// everything else.
pub(super) async fn lacking(services: &BTreeSet<Service>, options: &StackOptions) -> Option<Lacking> {
    let is_in_question = |entry: &&images::Entry| {
        let service = entry.service;
        let is_asked = services.contains(&service) || brought_along(service).is_some_and(|by| services.contains(&by));
        entry.official.is_none() && is_asked && !options.images.contains_key(&service)
    };
    let entries: Vec<&images::Entry> = images::CATALOG.iter().filter(is_in_question).collect();
    if entries.is_empty() {
        return None;
    }
    // Where no engine answers, standing the stack up will say so.
    let rows = images::list(&options.images).await.unwrap_or_default();
    let is_missing =
        |entry: &&&images::Entry| rows.iter().any(|row| row.service == entry.service && row.used.is_none());
    let missing: Vec<&images::Entry> = entries.iter().filter(is_missing).copied().collect();
    let lacked: BTreeSet<Service> =
        missing.iter().map(|entry| brought_along(entry.service).unwrap_or(entry.service)).collect();
    let recipes = missing.iter().map(|entry| entry.recipe.name).collect();
    (!missing.is_empty()).then(|| Lacking { services: lacked.into_iter().collect(), recipes })
}

/// By whom a service is brought along that nobody asks for.
fn brought_along(service: Service) -> Option<Service> {
    match service {
        Service::CiAgent => Some(Service::Ci),
        Service::Model => Some(Service::Chat),
        _ => None,
    }
}

/// Whether the containers stack could be stood up as things are: the engine's name and the services that are doubles in place of what
/// others make, or what is missing.
async fn containers_ready(
    services: &BTreeSet<Service>,
    options: &StackOptions,
) -> Result<(String, Vec<&'static str>), String> {
    let engine = engine::engine().await.map_err(|_| "no container engine answers".to_owned())?;
    let rows = images::list(&options.images).await.map_err(|trouble| trouble.message)?;
    let is_asked = |row: &&images::Row| {
        services.contains(&row.service) || brought_along(row.service).is_some_and(|by| services.contains(&by))
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
