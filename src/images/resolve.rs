//! Which image a service runs from: what is asked for, or the first that there is.

use std::collections::BTreeMap;

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::TryStreamExt;
use scenario::model::Service;
use verdict::evidence::Trouble;

use super::catalog::{Entry, entry};
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
}

/// What is to be done to have the image.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Decision {
    Use(Choice),
    Pull(Choice),
    Missing { image: String, overridden: bool },
}

/// An image that the engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Its id (`sha256:…`).
    pub id: String,
    /// Its size in bytes.
    pub size: i64,
}

/// The images for these services. With `pull`, what isn't there is pulled; `progress` is told before.
///
/// # Errors
/// An image that can be had by none of the ways, why, and what to do.
pub(crate) async fn resolve(
    docker: &Docker,
    services: impl IntoIterator<Item = Service>,
    overrides: &BTreeMap<Service, String>,
    pull: bool,
    progress: &(dyn Fn(String) + Send + Sync),
) -> Result<BTreeMap<Service, Choice>, Trouble> {
    let mut choices = BTreeMap::new();
    for service in services {
        let Some(entry) = entry(service) else { return Err(no_image(service)) };
        let given = overrides.get(&service).map(String::as_str);
        let asked = [given.unwrap_or(entry.official), entry.recipe.image];
        let mut there = [false, false];
        for (there, image) in there.iter_mut().zip(asked) {
            *there = present(docker, image).await?.is_some();
        }
        let choice = match decide(entry, given, there[0], there[1], pull) {
            Decision::Use(choice) => choice,
            Decision::Pull(choice) => {
                progress(format!("pulling {} for {service}", choice.image));
                if let Err(error) = pull_image(docker, &choice.image).await {
                    return Err(unavailable(entry, &choice.image, given.is_some(), &chain(&error)));
                }
                choice
            }
            Decision::Missing { image, overridden } => {
                return Err(unavailable(entry, &image, overridden, "the engine doesn't have it, and pulling is off"));
            }
        };
        choices.insert(service, choice);
    }
    Ok(choices)
}

/// A named image, or else the official one, or else the recipe's: who built that had a reason, and it spares a run
/// without network the wait for a registry. Only what isn't there is pulled.
fn decide(entry: &Entry, given: Option<&str>, wanted_is_there: bool, recipe_is_there: bool, pull: bool) -> Decision {
    let (image, origin) = given.map_or((entry.official, Origin::Official), |image| (image, Origin::Override));
    let choice = Choice { image: image.to_owned(), origin };
    if wanted_is_there {
        Decision::Use(choice)
    } else if given.is_none() && recipe_is_there {
        Decision::Use(Choice { image: entry.recipe.image.to_owned(), origin: Origin::Recipe })
    } else if pull {
        Decision::Pull(choice)
    } else {
        Decision::Missing { image: choice.image, overridden: given.is_some() }
    }
}

/// The image, if the engine has it.
pub(crate) async fn present(docker: &Docker, image: &str) -> Result<Option<Present>, Trouble> {
    match docker.inspect_image(image).await {
        Ok(answer) => Ok(Some(Present { id: answer.id.unwrap_or_default(), size: answer.size.unwrap_or_default() })),
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
    use crate::images::catalog::CATALOG;

    #[test]
    fn the_first_image_that_is_there_is_taken_and_only_then_one_is_pulled() {
        let forge = entry(Service::Forge).unwrap();
        let official = || Choice { image: forge.official.to_owned(), origin: Origin::Official };
        let recipe = || Choice { image: forge.recipe.image.to_owned(), origin: Origin::Recipe };
        let own = || Choice { image: "own".to_owned(), origin: Origin::Override };
        let missing = |image: &str, overridden| Decision::Missing { image: image.to_owned(), overridden };
        for (given, wanted_is_there, recipe_is_there, pull, expected) in [
            (None, true, true, true, Decision::Use(official())),
            (None, true, false, false, Decision::Use(official())),
            (None, false, true, true, Decision::Use(recipe())),
            (None, false, true, false, Decision::Use(recipe())),
            (None, false, false, true, Decision::Pull(official())),
            (None, false, false, false, missing(forge.official, false)),
            (Some("own"), true, true, false, Decision::Use(own())),
            // A named image is never replaced by another.
            (Some("own"), false, true, true, Decision::Pull(own())),
            (Some("own"), false, true, false, missing("own", true)),
        ] {
            let found = decide(forge, given, wanted_is_there, recipe_is_there, pull);
            assert_eq!(found, expected, "{given:?} {wanted_is_there} {recipe_is_there} {pull}");
        }
    }

    #[test]
    fn a_missing_image_is_named_with_both_ways_out() {
        for entry in CATALOG {
            let trouble = unavailable(entry, entry.official, false, "no such host");
            assert!(trouble.message.contains(entry.official) && trouble.message.contains("no such host"));
            let help = trouble.help.unwrap();
            assert!(help.contains(&format!("edge-smoke images build {}", entry.recipe.name)), "{help}");
            assert!(help.contains(&format!("--image {}=NAME", entry.service)), "{help}");
        }
    }
}
