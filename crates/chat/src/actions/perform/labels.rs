//! Labels: people name them, the API wants their ids.

use std::collections::BTreeMap;

use super::Failure;
use super::call::{Api, Trouble};
use crate::actions::repository::Repository;

/// How many labels a page of the API has, at most.
const PAGE: usize = 50;

/// How many pages are read.
const MOST_PAGES: usize = 20;

/// The ids of labels of a repository, or of the organisation that it belongs to.
pub(super) async fn ids(api: &Api<'_>, repository: &Repository, names: &[String]) -> Result<Vec<u64>, Failure> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut known = read(api, &format!("/repos/{repository}/labels")).await.map_err(|trouble| api.failure(trouble))?;
    if names.iter().any(|name| find(&known, name).is_none()) {
        match read(api, &format!("/orgs/{}/labels", repository.owner())).await {
            Ok(more) => more.into_iter().for_each(|(name, id)| {
                known.entry(name).or_insert(id);
            }),
            // The owner is a person.
            Err(Trouble::Refused(_)) => {}
            Err(trouble) => return Err(api.failure(trouble)),
        }
    }
    let mut ids = Vec::new();
    let mut missing = Vec::new();
    for name in names {
        match find(&known, name) {
            Some(id) => ids.push(id),
            None => missing.push(format!("`{name}`")),
        }
    }
    if missing.is_empty() {
        return Ok(ids);
    }
    let there: Vec<&str> = known.keys().map(String::as_str).take(20).collect();
    let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
    Err(Failure::new("unknown_label", format!("{repository} has no label {}; there are: {there}", missing.join(", "))))
}

/// As it is written, or else but for its case.
fn find(known: &BTreeMap<String, u64>, name: &str) -> Option<u64> {
    let similar = || known.iter().find(|(other, _)| other.to_lowercase() == name.to_lowercase()).map(|(_, id)| id);
    known.get(name).or_else(similar).copied()
}

async fn read(api: &Api<'_>, path: &str) -> Result<BTreeMap<String, u64>, Trouble> {
    let mut labels = BTreeMap::new();
    for page in 1..=MOST_PAGES {
        let answer = api.get(&format!("{path}?page={page}&limit={PAGE}")).await?;
        let list = answer.body.as_array().map(Vec::as_slice).unwrap_or_default();
        for label in list {
            if let (Some(name), Some(id)) = (label["name"].as_str(), label["id"].as_u64()) {
                labels.entry(name.to_owned()).or_insert(id);
            }
        }
        // A forge may be set to shorter pages than were asked for: only an empty one is surely the last.
        if list.is_empty() {
            break;
        }
    }
    Ok(labels)
}
