//! What an answer proposes and a person may confirm: a pipeline to run, an issue or a pull request to create.
//!
//! The model writes markup (`reader`), the page makes a button of it, and a click sends the payload here. The tokens that it takes are
//! this service's alone; neither the page nor the command ever has them. Nothing here deletes or overwrites anything.

mod endpoint;
mod fence;
mod payload;
mod perform;
mod reader;
mod record;
mod repository;
mod settings;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub use endpoint::routes;
pub use payload::{Action, CiRun, IssueCreate, Kind, PrCreate, Problem};
pub use reader::{LONGEST, MOST, Reader};
pub use repository::Repository;
pub use settings::{CiSettings, Settings};

/// An action that an answer proposes, as the page and the history have it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// What makes two clicks on its button one.
    pub id: Uuid,
    /// Its type's name.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says, in full.
    pub payload: Value,
}

impl Proposal {
    /// A proposal of its own.
    pub fn new(action: Action) -> Self {
        Self { id: Uuid::new_v4(), kind: action.kind().name().to_owned(), payload: action.payload() }
    }
}
