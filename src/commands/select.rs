//! Which of the scenarios run.

use std::sync::Arc;

use crate::engine::plan::Plan;

/// What the command line selects by. Empty fields select everything.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Any of these tags.
    pub tags: Vec<String>,
    /// A text in the name or the file.
    pub filter: Option<String>,
    /// The i-th of n parts, from 1.
    pub shard: Option<(usize, usize)>,
}

impl Selection {
    /// The selected plans in their order. Shards are dealt out after tags and filter, so that they are of one size.
    pub fn of(&self, plans: Vec<Arc<Plan>>) -> Vec<Arc<Plan>> {
        let chosen = plans.into_iter().filter(|plan| self.fits(plan));
        let (part, parts) = self.shard.unwrap_or((1, 1));
        chosen.enumerate().filter(|(index, _)| index % parts == part - 1).map(|(_, plan)| plan).collect()
    }

    fn fits(&self, plan: &Plan) -> bool {
        let scenario = &plan.scenario;
        let tagged = self.tags.is_empty() || scenario.tags.iter().any(|tag| self.tags.contains(&tag.value));
        let named = self
            .filter
            .as_ref()
            .is_none_or(|text| scenario.name.value.contains(text) || scenario.source.name.contains(text));
        tagged && named
    }
}
