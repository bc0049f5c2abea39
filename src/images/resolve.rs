//! Which image a service runs from: what is asked for, or the first that there is.

use std::collections::{BTreeMap, BTreeSet};

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::TryStreamExt;
use scenario::model::Service;
use verdict::evidence::Trouble;

use super::catalog::{CATALOG, Entry, entry};
use super::recipe::DOUBLE_LABEL;
use crate::stack::containers::engine::chain;

/// Where an image's name comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The command line or the environment named it.
    Override,
    /// Its makers publish it.
    Official,
    /// A recipe of ours built it.
    Recipe,
}

/// The image that a service will run from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub image: String,
    /// Where the name comes from.
    pub origin: Origin,
    /// It is a double's: it answers as the real program does, and isn't it.
    pub is_double: bool,
}

/// An image by its name alone.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    image: String,
    origin: Origin,
}

/// What is to be done to have the image.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Decision {
    Use(Named),
    /// Pull it; where that can't be, there is another.
    Pull(Named, Option<Named>),
    Missing {
        image: String,
        overridden: bool,
    },
}

/// An image that the engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Its id (`sha256:…`).
    pub id: String,
    /// Its size in bytes.
    pub size: i64,
    /// It says of itself that it is a double's.
    pub is_double: bool,
}

/// The images for these services. With `pull`, what isn't there is pulled; `progress` is told before.
///
/// # Errors
/// An image that can be had by none of the ways, why, and what to do.
pub(crate) async fn resolve(
    docker: &Docker,
    services: &BTreeSet<Service>,
    overrides: &BTreeMap<Service, String>,
    pull: bool,
    progress: &(dyn Fn(String) + Send + Sync),
) -> Result<BTreeMap<Service, Choice>, Trouble> {
    if let Some(service) = services.iter().find(|service| entry(**service).is_none()) {
        return Err(no_image(*service));
    }
    let mut choices = BTreeMap::new();
    for entry in CATALOG.iter().filter(|entry| services.contains(&entry.service)) {
        let given = overrides.get(&entry.service).map(String::as_str);
        let offer = Offer::new(entry, choices.get(&Service::Ci));
        let named = match decide(&offer, given, &there(docker, &offer, given).await?, pull) {
            Decision::Use(named) => named,
            Decision::Pull(named, other) => {
                progress(format!("pulling {} for {}", named.image, entry.service));
                match (pull_image(docker, &named.image).await, other) {
                    (Ok(()), _) => named,
                    (Err(error), Some(other)) => {
                        let why = chain(&error);
                        progress(format!("{} takes its place, as that can't be had: {why}", other.image));
                        other
                    }
                    (Err(error), None) => {
                        return Err(unavailable(entry, &named.image, given.is_some(), &chain(&error)));
                    }
                }
            }
            Decision::Missing { image, overridden } => {
                let why = if pull { "no registry has it" } else { "the engine doesn't have it, and pulling is off" };
                return Err(unavailable(entry, &image, overridden, why));
            }
        };
        let is_double = present(docker, &named.image).await?.is_some_and(|present| present.is_double);
        choices.insert(entry.service, Choice { image: named.image, origin: named.origin, is_double });
    }
    Ok(choices)
}

/// The images that a service could run from, if nobody names another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offer {
    official: Option<&'static str>,
    recipe: Option<&'static str>,
    /// What the recipe builds is a double's.
    recipe_is_double: bool,
}

impl Offer {
    /// The service's own. The CI's agent must be of the CI's kind: a double's agent and Woodpecker's speak different protocols.
    pub(super) fn new(entry: &Entry, ci: Option<&Choice>) -> Self {
        let own = Self {
            official: entry.official,
            recipe: Some(entry.recipe.image),
            recipe_is_double: entry.recipe.is_double(),
        };
        match ci.filter(|_| entry.service == Service::CiAgent) {
            Some(Choice { is_double: true, .. }) => Self { official: None, ..own },
            Some(_) => Self { recipe: None, ..own },
            None => own,
        }
    }
}

/// Which of what could be used the engine has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct There {
    given: bool,
    official: bool,
    recipe: bool,
}

pub(super) async fn there(docker: &Docker, offer: &Offer, given: Option<&str>) -> Result<There, Trouble> {
    let mut there = There::default();
    for (image, is_there) in
        [(given, &mut there.given), (offer.official, &mut there.official), (offer.recipe, &mut there.recipe)]
    {
        if let Some(image) = image {
            *is_there = present(docker, image).await?.is_some();
        }
    }
    Ok(there)
}

/// What a run would use as things are, if it pulled nothing.
pub(super) async fn used(docker: &Docker, offer: &Offer, given: Option<&str>) -> Result<Option<Choice>, Trouble> {
    let Decision::Use(named) = decide(offer, given, &there(docker, offer, given).await?, false) else {
        return Ok(None);
    };
    let is_double = present(docker, &named.image).await?.is_some_and(|present| present.is_double);
    Ok(Some(Choice { image: named.image, origin: named.origin, is_double }))
}

/// A named image, or else the official one, or else the recipe's: who built that had a reason, and it spares a run without network
/// the wait for a registry. But a double stands in only where the real program can't be had. Only what isn't there is pulled.
fn decide(offer: &Offer, given: Option<&str>, there: &There, pull: bool) -> Decision {
    let named = |image: &str, origin| Named { image: image.to_owned(), origin };
    if let Some(image) = given {
        return match (there.given, pull) {
            (true, _) => Decision::Use(named(image, Origin::Override)),
            (false, true) => Decision::Pull(named(image, Origin::Override), None),
            (false, false) => Decision::Missing { image: image.to_owned(), overridden: true },
        };
    }
    let recipe = offer.recipe.filter(|_| there.recipe).map(|image| named(image, Origin::Recipe));
    let Some(official) = offer.official else {
        let image = offer.recipe.unwrap_or_default().to_owned();
        return recipe.map_or(Decision::Missing { image, overridden: false }, Decision::Use);
    };
    let official = named(official, Origin::Official);
    match recipe {
        _ if there.official => Decision::Use(official),
        Some(recipe) if !(offer.recipe_is_double && pull) => Decision::Use(recipe),
        other if pull => Decision::Pull(official, other),
        _ => Decision::Missing { image: official.image, overridden: false },
    }
}

/// The image, if the engine has it.
pub(crate) async fn present(docker: &Docker, image: &str) -> Result<Option<Present>, Trouble> {
    match docker.inspect_image(image).await {
        Ok(answer) => {
            let labels = answer.config.and_then(|config| config.labels).unwrap_or_default();
            let is_double = labels.contains_key(DOUBLE_LABEL);
            Ok(Some(Present { id: answer.id.unwrap_or_default(), size: answer.size.unwrap_or_default(), is_double }))
        }
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
        Err(error) => Err(Trouble {
            service: None,
            message: format!("the engine can't say whether it has the image {image}: {}", chain(&error)),
            help: None,
            log: Vec::new(),
        }),
    }
}

async fn pull_image(docker: &Docker, image: &str) -> Result<(), Error> {
    // Without a tag the engine would pull all of them.
    let has_tag = image.contains('@') || image.rsplit('/').next().is_some_and(|name| name.contains(':'));
    let name = if has_tag { image.to_owned() } else { format!("{image}:latest") };
    let options = CreateImageOptionsBuilder::new().from_image(&name).build();
    docker.create_image(Some(options), None, None).try_for_each(|_| std::future::ready(Ok(()))).await
}

fn unavailable(entry: &Entry, image: &str, overridden: bool, why: &str) -> Trouble {
    let help = if overridden {
        format!(
            "check the name given by --image {} or {}, or pull the image with docker pull",
            entry.service, entry.variable
        )
    } else {
        format!(
            "build one with `edge-smoke images build {}`, or name one that the engine has: --image {}=NAME (or {}=NAME)",
            entry.recipe.name, entry.service, entry.variable
        )
    };
    Trouble {
        service: Some(entry.service.to_string()),
        message: format!("the image {image} can't be had: {why}"),
        help: Some(help),
        log: Vec::new(),
    }
}

/// The trouble of a service that the containers stack doesn't have.
pub(crate) fn no_image(service: Service) -> Trouble {
    Trouble {
        service: Some(service.to_string()),
        message: format!("the containers stack has no {service}"),
        help: Some(
            "run these scenarios with --stack embedded, or with --base-url against a site that has it".to_owned(),
        ),
        log: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(service: Service) -> Offer {
        Offer::new(entry(service).unwrap(), None)
    }

    fn named(image: &str, origin: Origin) -> Named {
        Named { image: image.to_owned(), origin }
    }

    #[test]
    fn the_first_image_that_is_there_is_taken_and_only_then_one_is_pulled() {
        let forge = offer(Service::Forge);
        let official = || named(forge.official.unwrap(), Origin::Official);
        let recipe = || named(forge.recipe.unwrap(), Origin::Recipe);
        let own = || named("own", Origin::Override);
        let missing = |image: &str, overridden| Decision::Missing { image: image.to_owned(), overridden };
        for (given, wanted_is_there, recipe_is_there, pull, expected) in [
            (None, true, true, true, Decision::Use(official())),
            (None, true, false, false, Decision::Use(official())),
            (None, false, true, true, Decision::Use(recipe())),
            (None, false, true, false, Decision::Use(recipe())),
            (None, false, false, true, Decision::Pull(official(), None)),
            (None, false, false, false, missing(forge.official.unwrap(), false)),
            (Some("own"), true, true, false, Decision::Use(own())),
            // A named image is never replaced by another.
            (Some("own"), false, true, true, Decision::Pull(own(), None)),
            (Some("own"), false, true, false, missing("own", true)),
        ] {
            let there = There {
                given: given.is_some() && wanted_is_there,
                official: given.is_none() && wanted_is_there,
                recipe: recipe_is_there,
            };
            let found = decide(&forge, given, &there, pull);
            assert_eq!(found, expected, "{given:?} {wanted_is_there} {recipe_is_there} {pull}");
        }
    }

    #[test]
    fn a_double_stands_in_only_where_the_real_program_can_t_be_had() {
        let ci = offer(Service::Ci);
        let official = || named(ci.official.unwrap(), Origin::Official);
        let double = || named(ci.recipe.unwrap(), Origin::Recipe);
        for (official_is_there, pull, expected) in [
            (true, false, Decision::Use(official())),
            (false, true, Decision::Pull(official(), Some(double()))),
            (false, false, Decision::Use(double())),
        ] {
            let there = There { official: official_is_there, recipe: true, given: false };
            assert_eq!(decide(&ci, None, &there, pull), expected, "{official_is_there} {pull}");
        }
        // What only we have is never looked for at a registry.
        let echo = offer(Service::Echo);
        let missing = Decision::Missing { image: echo.recipe.unwrap().to_owned(), overridden: false };
        assert_eq!(decide(&echo, None, &There::default(), true), missing);
    }

    #[test]
    fn the_agent_is_of_the_ci_s_kind() {
        let entry = entry(Service::CiAgent).unwrap();
        let all = There { given: false, official: true, recipe: true };
        let agent = |is_double, there: &There| {
            let ci = Choice { image: "ci".to_owned(), origin: Origin::Override, is_double };
            decide(&Offer::new(entry, Some(&ci)), None, there, false)
        };
        assert_eq!(agent(true, &all), Decision::Use(named(entry.recipe.image, Origin::Recipe)));
        assert_eq!(agent(false, &all), Decision::Use(named(entry.official.unwrap(), Origin::Official)));
        let only_double = There { official: false, ..all };
        assert!(matches!(agent(false, &only_double), Decision::Missing { .. }));
    }

    #[test]
    fn a_missing_image_is_named_with_both_ways_out() {
        for entry in CATALOG {
            let image = entry.default_image();
            let trouble = unavailable(entry, image, false, "no such host");
            assert!(trouble.message.contains(image) && trouble.message.contains("no such host"));
            let help = trouble.help.unwrap();
            assert!(help.contains(&format!("edge-smoke images build {}", entry.recipe.name)), "{help}");
            assert!(help.contains(&format!("--image {}=NAME", entry.service)), "{help}");
        }
    }
}
