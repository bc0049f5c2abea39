//! The images that the containers stack needs, and which of them are there.

use std::collections::BTreeMap;

use scenario::model::Service;
use verdict::evidence::Trouble;

use super::catalog::CATALOG;
use super::resolve::{Choice, Origin, Present, present};
use crate::stack::containers::engine::connect;

/// One service's images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The service.
    pub service: Service,
    /// The image that its makers publish.
    pub official: String,
    /// That image, if the engine has it.
    pub official_present: Option<Present>,
    /// The image that the recipe builds.
    pub recipe: String,
    /// That image, if the engine has it.
    pub recipe_present: Option<Present>,
    /// The image that a run will use, if it is there.
    pub used: Option<(Choice, Present)>,
    /// The environment variable that names another.
    pub variable: &'static str,
}

/// Asks the engine for each service's images.
///
/// # Errors
/// No engine answers.
pub async fn list(overrides: &BTreeMap<Service, String>) -> Result<Vec<Row>, Trouble> {
    let (docker, _) = connect().await?;
    let mut rows = Vec::new();
    for entry in CATALOG {
        let official_present = present(&docker, entry.official).await?;
        let recipe_present = present(&docker, entry.recipe.image).await?;
        let choice = |image: &str, origin| Choice { image: image.to_owned(), origin };
        let used = match overrides.get(&entry.service) {
            Some(image) => present(&docker, image).await?.map(|present| (choice(image, Origin::Override), present)),
            None => {
                official_present.clone().map(|present| (choice(entry.official, Origin::Official), present)).or_else(
                    || recipe_present.clone().map(|present| (choice(entry.recipe.image, Origin::Recipe), present)),
                )
            }
        };
        rows.push(Row {
            service: entry.service,
            official: entry.official.to_owned(),
            official_present,
            recipe: entry.recipe.image.to_owned(),
            recipe_present,
            used,
            variable: entry.variable,
        });
    }
    Ok(rows)
}
