//! Which of the scenarios run.

use std::sync::Arc;

use crate::engine::plan::Plan;
use crate::report::Shard;

/// What the command line selects by. Empty fields select everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Selection {
    /// Any of these tags.
    pub(super) tags: Vec<String>,
    /// A text in the name or the file.
    pub(super) filter: Option<String>,
    /// One of several equal parts.
    pub(super) shard: Option<Shard>,
}

impl Selection {
    /// The selected plans in their order. Shards are dealt out after tags and filter, so that they are of one size.
    pub(super) fn of(&self, plans: Vec<Arc<Plan>>) -> Vec<Arc<Plan>> {
        let chosen = plans.into_iter().filter(|plan| self.fits(plan));
        let in_shard = |place: usize| self.shard.is_none_or(|shard| shard.includes(place));
        chosen.enumerate().filter(|(place, _)| in_shard(*place)).map(|(_, plan)| plan).collect()
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
