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
    let chosen = |kind: StackKind, why: &str| Chosen { kind, notice: format!("{kind}: {why}") };
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
        (None, StackChoice::Containers) => Ok(chosen(StackKind::Containers, "as asked for")),
        (None, StackChoice::Auto) => Ok(match containers_ready(services, options).await {
            Ok(engine) => chosen(StackKind::Containers, &format!("as {engine} answers and has the images")),
            Err(why) => chosen(StackKind::Embedded, &format!("doubles, not the real programs, as {why}")),
        }),
    }
}

/// Of these services, those that a stack of this kind can have. Scenarios that need others are skipped there.
pub(super) fn had(kind: StackKind, mut services: BTreeSet<Service>) -> BTreeSet<Service> {
    match kind {
        StackKind::Embedded => services.retain(|service| embedded::SERVICES.contains(service)),
        StackKind::Containers => services.retain(|service| containers::SERVICES.contains(service)),
        StackKind::External => {}
    }
    services
}

/// Whether the containers stack could be stood up as things are; the engine's name, or what is missing.
async fn containers_ready(services: &BTreeSet<Service>, options: &StackOptions) -> Result<String, String> {
    let engine = engine::engine().await.map_err(|_| "no container engine answers".to_owned())?;
    let rows = images::list(&options.images).await.map_err(|trouble| trouble.message)?;
    let missing: Vec<&str> = rows
        .iter()
        .filter(|row| services.contains(&row.service) && row.used.is_none())
        .map(|row| row.official.as_str())
        .collect();
    if missing.is_empty() {
        Ok(format!("Docker {}", engine.version))
    } else {
        Err(format!("{} is not there (`edge-smoke images build` builds what can't be pulled)", missing.join(", ")))
    }
}
