//! The images that the containers stack needs, and which of them are there.

use std::collections::BTreeMap;

use scenario::model::Service;
use verdict::evidence::Trouble;

use super::catalog::CATALOG;
use super::resolve::{Choice, Offer, Present, present, used};
use crate::stack::containers::engine::connect;

/// One service's images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The service.
    pub service: Service,
    /// The image that its makers publish; `None` where it is ours.
    pub official: Option<String>,
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

impl Row {
    /// The image that has to be there, where none is.
    pub fn wanted(&self) -> &str {
        self.official.as_deref().unwrap_or(&self.recipe)
    }

    /// Whether a double is used in place of what others make.
    pub fn is_stood_in_for(&self) -> bool {
        self.official.is_some() && self.used.as_ref().is_some_and(|(choice, _)| choice.is_double)
    }
}

/// Asks the engine for each service's images.
///
/// # Errors
/// No engine answers.
pub async fn list(overrides: &BTreeMap<Service, String>) -> Result<Vec<Row>, Trouble> {
    let (docker, _) = connect().await?;
    let mut rows: Vec<Row> = Vec::new();
    for entry in CATALOG {
        let ci = rows.iter().find(|row| row.service == Service::Ci).and_then(|row| row.used.as_ref());
        let offer = Offer::new(entry, ci.map(|(choice, _)| choice));
        let used = match used(&docker, &offer, overrides.get(&entry.service).map(String::as_str)).await? {
            Some(choice) => present(&docker, &choice.image).await?.map(|present| (choice, present)),
            None => None,
        };
        let official_present = match entry.official {
            Some(image) => present(&docker, image).await?,
            None => None,
        };
        rows.push(Row {
            service: entry.service,
            official: entry.official.map(str::to_owned),
            official_present,
            recipe: entry.recipe.image.to_owned(),
            recipe_present: present(&docker, entry.recipe.image).await?,
            used,
            variable: entry.variable,
        });
    }
    Ok(rows)
}
