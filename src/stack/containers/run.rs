//! One run's mark on everything that it makes.

use std::collections::HashMap;

use super::owner::{KEEP_LABEL, OWNER_LABEL, Owner, RUN_LABEL};
use crate::stack::random;

/// A run of the containers stack: its id, and the labels that all its containers, networks and volumes carry.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// Eight characters, random.
    pub(crate) id: String,
    labels: HashMap<String, String>,
}

impl Run {
    /// A new run of this process. With `keep`, no later run sweeps away what it leaves.
    pub(crate) fn new(keep: bool) -> Result<Self, random::Unavailable> {
        let id = random::text(random::LOWER_CASE, 8)?;
        let mut labels = HashMap::from([(RUN_LABEL.to_owned(), id.clone())]);
        if let Some(owner) = Owner::current() {
            labels.insert(OWNER_LABEL.to_owned(), owner.to_string());
        }
        if keep {
            labels.insert(KEEP_LABEL.to_owned(), "true".to_owned());
        }
        Ok(Self { id, labels })
    }

    /// A run of another process, by its id and the labels of what it made.
    pub(crate) fn restored(id: String, labels: HashMap<String, String>) -> Self {
        let ours = |(name, _): &(String, String)| [RUN_LABEL, OWNER_LABEL, KEEP_LABEL].contains(&name.as_str());
        Self { id, labels: labels.into_iter().filter(ours).collect() }
    }

    /// The labels.
    pub(crate) fn labels(&self) -> HashMap<String, String> {
        self.labels.clone()
    }

    /// The engine's name for something of this run.
    pub(crate) fn name(&self, thing: &str) -> String {
        format!("edge-smoke-{}-{thing}", self.id)
    }

    /// The commands that remove what `--keep` left, for people.
    pub(crate) fn removal_commands(&self) -> String {
        let filter = format!("--filter label={RUN_LABEL}={}", self.id);
        format!(
            "docker rm --force --volumes $(docker ps --all --quiet {filter}) && docker volume rm $(docker volume ls --quiet {filter}) && docker network rm $(docker network ls --quiet {filter})"
        )
    }
}
