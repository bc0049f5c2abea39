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

/// The rows as a table for people.
pub fn table(rows: &[Row]) -> String {
    let state = |present: &Option<Present>| if present.is_some() { "present" } else { "absent" };
    let mut cells = vec![["service", "official image", "", "built here", "", "runs from"].map(str::to_owned)];
    for row in rows {
        let used = row.used.as_ref().map_or_else(
            || format!("nothing: pull it, `edge-smoke images build`, or name one in {}", row.variable),
            |(choice, _)| choice.image.clone(),
        );
        cells.push([
            row.service.to_string(),
            row.official.clone(),
            state(&row.official_present).to_owned(),
            row.recipe.clone(),
            state(&row.recipe_present).to_owned(),
            used,
        ]);
    }
    let width = |column: usize| cells.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..6).map(width).collect();
    cells
        .iter()
        .map(|line| {
            let padded: Vec<String> =
                line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            format!("{}\n", padded.join("  ").trim_end())
        })
        .collect()
}
