//! Users, repositories, pipelines and agents, and how the API shows them.

use serde_json::{Value, json};

/// The version that it says it is.
pub const VERSION: &str = "3.17.0";

/// Somebody who has signed in.
#[derive(Debug, Clone, Default)]
pub(super) struct User {
    pub(super) id: u64,
    /// The id that the forge has for them.
    pub(super) remote_id: String,
    pub(super) login: String,
    pub(super) email: String,
    pub(super) avatar: String,
    pub(super) admin: bool,
    /// Signs their tokens.
    pub(super) hash: String,
    pub(super) tokens: Tokens,
}

/// What the forge gave for a code.
#[derive(Clone, Default)]
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: String,
    /// Seconds since 1970.
    pub(super) expires: u64,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tokens").field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl User {
    pub(super) fn to_json(&self) -> Value {
        let mut user = json!({
            "id": self.id,
            "forge_id": 1,
            "forge_remote_id": self.remote_id,
            "login": self.login,
            "email": self.email,
            "avatar_url": self.avatar,
        });
        // Left out where it is false.
        if self.admin {
            user["admin"] = true.into();
        }
        user["org_id"] = self.id.into();
        user
    }
}

/// What somebody may do with a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Permission {
    pub(super) pull: bool,
    pub(super) push: bool,
    pub(super) admin: bool,
}

/// A repository, as the forge tells of it.
#[derive(Debug, Clone, Default)]
pub(super) struct RemoteRepository {
    pub(super) remote_id: String,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) full_name: String,
    pub(super) avatar: String,
    pub(super) forge_url: String,
    pub(super) clone_url: String,
    pub(super) clone_ssh: String,
    pub(super) branch: String,
    pub(super) private: bool,
    pub(super) pull_requests: bool,
    pub(super) permission: Permission,
}

/// A repository that was activated once.
#[derive(Debug, Clone, Default)]
pub(super) struct Repository {
    pub(super) id: u64,
    pub(super) remote: RemoteRepository,
    pub(super) active: bool,
    /// Who activated it: pipelines are read with their token. None once deactivated.
    pub(super) user: Option<u64>,
    /// The organization that it belongs to: here the one of who activated it first.
    pub(super) organization: u64,
    /// Signs its webhook's token.
    pub(super) hash: String,
}

impl Repository {
    pub(super) fn to_json(&self) -> Value {
        let remote = &self.remote;
        let mut repository = serde_json::Map::new();
        // A repository that was never activated has no id, and no settings.
        let is_known = self.id > 0;
        if is_known {
            repository.insert("id".to_owned(), self.id.into());
            repository.insert("timeout".to_owned(), 60.into());
        }
        let visibility = match (is_known, remote.private) {
            (false, _) => "",
            (true, true) => "private",
            (true, false) => "public",
        };
        repository.insert("visibility".to_owned(), visibility.into());
        let rest = json!({
            "forge_id": 1,
            "forge_remote_id": remote.remote_id,
            "org_id": self.organization,
            "owner": remote.owner,
            "name": remote.name,
            "full_name": remote.full_name,
            "avatar_url": remote.avatar,
            "forge_url": remote.forge_url,
            "clone_url": remote.clone_url,
            "clone_url_ssh": remote.clone_ssh,
            "default_branch": remote.branch,
            "pr_enabled": remote.pull_requests,
            "private": remote.private,
            "trusted": { "network": false, "volumes": false, "security": false },
            "require_approval": if is_known { "forks" } else { "" },
            "approval_allowed_users": null,
            "active": self.active,
            "allow_pr": is_known,
            "allow_deploy": false,
            "config_file": "",
            "cancel_previous_pipeline_events": if is_known { json!(["push", "pull_request"]) } else { Value::Null },
            "netrc_trusted": null,
            "config_extension_endpoint": "",
            "config_extension_exclusive": false,
            "config_extension_netrc": false,
            "registry_extension_endpoint": "",
            "registry_extension_netrc": false,
            "secret_extension_endpoint": "",
            "secret_extension_netrc": false,
        });
        if let Value::Object(rest) = rest {
            repository.extend(rest);
        }
        Value::Object(repository)
    }
}

/// How far a pipeline or a part of it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Status {
    #[default]
    Pending,
    Running,
    Success,
    Failure,
    /// The pipeline file can't be read.
    Error,
    /// A newer one came before it ran.
    Canceled,
    /// A newer one came while it ran.
    Killed,
    /// A workflow that never ran.
    Skipped,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Canceled => "canceled",
            Self::Killed => "killed",
            Self::Skipped => "skipped",
        }
    }

    /// How an agent says that a workflow ended.
    pub(super) fn result(text: &str) -> Option<Self> {
        [Self::Success, Self::Failure].into_iter().find(|status| status.as_str() == text)
    }

    pub(super) fn is_over(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

/// What a pipeline is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Cause {
    /// `push`, `manual`, `tag`, `pull_request` …
    pub(super) event: String,
    pub(super) commit: String,
    pub(super) branch: String,
    pub(super) reference: String,
    pub(super) message: String,
    pub(super) title: String,
    pub(super) author: String,
    pub(super) email: String,
    pub(super) avatar: String,
    pub(super) sender: String,
    pub(super) forge_url: String,
    pub(super) changed_files: Vec<String>,
}

/// One run.
#[derive(Debug, Clone, Default)]
pub(super) struct Pipeline {
    pub(super) id: u64,
    pub(super) repository: u64,
    pub(super) number: u64,
    pub(super) cause: Cause,
    pub(super) status: Status,
    /// Why its files can't be read.
    pub(super) errors: Vec<String>,
    /// What could be better about its files.
    pub(super) warnings: Vec<Warning>,
    /// The number of the newer one that canceled it.
    pub(super) superseded_by: Option<u64>,
    pub(super) created: u64,
    pub(super) started: u64,
    pub(super) finished: u64,
    pub(super) workflows: Vec<Workflow>,
}

/// What could be better about a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Warning {
    pub(super) file: String,
    pub(super) step: String,
}

/// What one pipeline file makes of a pipeline.
#[derive(Debug, Clone, Default)]
pub(super) struct Workflow {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) steps: Vec<String>,
    pub(super) status: Status,
    pub(super) started: u64,
    pub(super) finished: u64,
    pub(super) agent: Option<u64>,
}

impl Pipeline {
    /// As lists have it; alone it has its workflows too.
    pub(super) fn to_json(&self, with_workflows: bool) -> Value {
        let cause = &self.cause;
        let error = |message| json!({ "type": "compiler", "message": message, "is_warning": false, "data": null });
        let mut errors: Vec<Value> = self.errors.iter().map(error).collect();
        errors.extend(self.warnings.iter().map(Warning::to_json));
        let mut pipeline = json!({
            "id": self.id,
            "number": self.number,
            "author": cause.author,
            "parent": 0,
            "event": cause.event,
            "event_reason": null,
            "status": self.status.as_str(),
            "errors": if errors.is_empty() { Value::Null } else { errors.into() },
            "created": self.created,
            "updated": self.started.max(self.created).max(self.finished),
            "started": self.started,
            "finished": self.finished,
            "deploy_to": "",
            "deploy_task": "",
            "commit": cause.commit,
            "branch": cause.branch,
            "rerun_count": 0,
            "ref": cause.reference,
            "refspec": "",
            "author_avatar": cause.avatar,
            "forge_url": cause.forge_url,
            "reviewed_by": "",
            "reviewed": 0,
        });
        if let Some(number) = self.superseded_by {
            pipeline["cancel_info"] = json!({ "superseded_by": number });
        }
        if with_workflows {
            pipeline["workflows"] = self.workflows.iter().enumerate().map(|(at, it)| it.to_json(self, at)).collect();
        }
        if !cause.changed_files.is_empty() {
            pipeline["changed_files"] = cause.changed_files.clone().into();
        }
        pipeline["version"] = VERSION.into();
        pipeline["title"] = cause.title.as_str().into();
        pipeline["message"] = cause.message.as_str().into();
        pipeline["timestamp"] = self.created.into();
        pipeline["sender"] = cause.sender.as_str().into();
        pipeline["author_email"] = cause.email.as_str().into();
        pipeline
    }

    /// Takes its state from its workflows'.
    pub(super) fn settle(&mut self, now: u64) {
        if self.workflows.iter().any(|workflow| workflow.status != Status::Pending) && self.started == 0 {
            self.started = now;
        }
        if self.workflows.iter().all(|workflow| workflow.status.is_over()) {
            let failed = self.workflows.iter().any(|workflow| workflow.status != Status::Success);
            self.status = if failed { Status::Failure } else { Status::Success };
            self.finished = now;
        } else if self.started > 0 {
            self.status = Status::Running;
        }
    }
}

impl Warning {
    /// Where a step runs for each event there is: Woodpecker would rather have them named.
    fn to_json(&self) -> Value {
        json!({
            "type": "bad_habit",
            "message": "Consider adding a `when` block with an `event` filter to this step or the entire workflow",
            "is_warning": true,
            "data": { "file": self.file, "field": format!("steps.{}", self.step), "docs": "" },
        })
    }
}

impl Workflow {
    fn to_json(&self, pipeline: &Pipeline, at: usize) -> Value {
        // Workflows and steps are numbered together, each workflow before its steps.
        let before: usize = pipeline.workflows[..at].iter().map(|workflow| workflow.steps.len() + 1).sum();
        let pid = before + 1;
        let steps: Vec<Value> = self
            .steps
            .iter()
            .enumerate()
            .map(|(step, name)| {
                let mut step = json!({
                    "id": self.id * 1000 + step as u64,
                    "pipeline_id": pipeline.id,
                    "pid": pid + 1 + step,
                    "ppid": pid,
                    "name": name,
                    "state": if self.status == Status::Skipped { "canceled" } else { self.status.as_str() },
                    "exit_code": 0,
                    "type": "commands",
                });
                self.put_times(&mut step);
                step
            })
            .collect();
        let mut workflow = json!({
            "id": self.id,
            "pipeline_id": pipeline.id,
            "pid": pid,
            "name": self.name,
            "state": self.status.as_str(),
        });
        self.put_times(&mut workflow);
        if let Some(agent) = self.agent {
            workflow["agent_id"] = agent.into();
        }
        workflow["children"] = steps.into();
        workflow
    }

    /// What hasn't happened has no time.
    fn put_times(&self, value: &mut Value) {
        for (name, time) in [("started", self.started), ("finished", self.finished)] {
            if time > 0 {
                value[name] = time.into();
            }
        }
    }
}

/// An agent that was let in.
#[derive(Debug, Clone, Default)]
pub(super) struct Agent {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) created: u64,
    pub(super) last_contact: u64,
    pub(super) last_work: u64,
}

impl Agent {
    /// Without its token, which the API of Woodpecker shows: it is the secret of all agents.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "created": self.created,
            "updated": self.last_contact,
            "name": self.name,
            "owner_id": -1,
            "last_contact": self.last_contact,
            "last_work": self.last_work,
            "platform": "linux/amd64",
            "backend": "none",
            "capacity": 1,
            "version": self.version,
            "no_schedule": false,
            "custom_labels": null,
            "org_id": -1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_is_as_far_as_its_workflows() {
        let workflow = |status| Workflow { status, ..Workflow::default() };
        use Status::*;
        for (workflows, status) in [
            (vec![Pending, Pending], Pending),
            (vec![Running, Pending], Running),
            (vec![Success, Pending], Running),
            (vec![Success, Success], Success),
            (vec![Failure, Success], Failure),
            (vec![Failure, Running], Running),
        ] {
            let mut pipeline =
                Pipeline { workflows: workflows.iter().copied().map(workflow).collect(), ..Pipeline::default() };
            pipeline.settle(7);
            assert_eq!(pipeline.status, status, "{workflows:?}");
            assert_eq!(pipeline.finished > 0, status.is_over());
            assert_eq!(pipeline.started > 0, status != Pending);
        }
    }

    #[test]
    fn results_of_agents() {
        for name in ["success", "failure"] {
            assert_eq!(Status::result(name).map(Status::as_str), Some(name));
        }
        for name in ["pending", "running", "killed", ""] {
            assert_eq!(Status::result(name), None, "{name}");
        }
    }
}
