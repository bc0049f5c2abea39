//! Forges, agents, the queue.

use http::Response;
use serde_json::{Value, json};
use serve::Body;

use crate::ci::model::Status;
use crate::ci::settings::ForgeKind;
use crate::ci::{State, answer};

/// The forges that one can sign in at. Everybody may see them.
pub(super) fn forges(state: &State) -> Response<Body> {
    let kind = match state.settings.forge.kind {
        ForgeKind::Gitea => "gitea",
        ForgeKind::Forgejo => "forgejo",
    };
    answer::json(&json!([{
        "id": 1,
        "type": kind,
        "url": state.settings.forge.url,
        "client": state.settings.forge.client,
    }]))
}

/// The agents that were let in.
pub(super) fn agents(state: &State) -> Response<Body> {
    let data = state.store.lock();
    answer::json(&data.agents.values().map(|agent| agent.to_json()).collect())
}

/// What waits and what runs.
pub(super) fn queue(state: &State) -> Response<Body> {
    let data = state.store.lock();
    let tasks = |status: Status| -> Vec<Value> {
        let all = data.pipelines.values().flat_map(|pipeline| pipeline.workflows.iter().map(move |it| (pipeline, it)));
        all.filter(|(_, workflow)| workflow.status == status)
            .map(|(pipeline, workflow)| {
                let agent = workflow.agent.and_then(|id| data.agents.get(&id));
                json!({
                    "id": workflow.id.to_string(),
                    "pid": 0,
                    "name": workflow.name,
                    "labels": {},
                    "dependencies": null,
                    "run_on": null,
                    "dep_status": {},
                    "agent_id": workflow.agent.unwrap_or(0),
                    "pipeline_id": pipeline.id,
                    "repo_id": pipeline.repository,
                    "pipeline_number": pipeline.number,
                    "agent_name": agent.map_or("", |agent| &agent.name),
                })
            })
            .collect()
    };
    let (pending, running) = (tasks(Status::Pending), tasks(Status::Running));
    let stats = json!({
        "worker_count": data.agents.len(),
        "pending_count": pending.len(),
        "waiting_on_deps_count": 0,
        "running_count": running.len(),
    });
    answer::json(&json!({
        "pending": pending,
        "waiting_on_deps": [],
        "running": running,
        "stats": stats,
        "paused": false,
    }))
}
