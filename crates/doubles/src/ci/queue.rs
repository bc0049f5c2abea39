//! Workflows that wait for an agent, and agents at work.

use super::model::{Pipeline, Status, Workflow};
use super::store::Data;
use super::token::now;

/// How long an agent may be silent before its workflow is given to another, in seconds.
const LEASE: u64 = 60;

impl Data {
    /// Gives an agent the workflow that has waited longest. The pipeline is running from then on.
    pub(super) fn take_work(&mut self, agent: u64) -> Option<(Pipeline, Workflow)> {
        let now = now();
        if let Some(agent) = self.agents.get_mut(&agent) {
            agent.last_contact = now;
        }
        self.give_back_lost(now);
        for pipeline in self.pipelines.values_mut().filter(|pipeline| !pipeline.status.is_over()) {
            let waiting = pipeline.workflows.iter_mut().find(|workflow| workflow.status == Status::Pending);
            let Some(workflow) = waiting else { continue };
            workflow.status = Status::Running;
            workflow.started = now;
            workflow.agent = Some(agent);
            let workflow = workflow.clone();
            pipeline.settle(now);
            if let Some(agent) = self.agents.get_mut(&agent) {
                agent.last_work = now;
            }
            return Some((pipeline.clone(), workflow));
        }
        None
    }

    /// What an agent that fell silent had is for others again.
    fn give_back_lost(&mut self, now: u64) {
        for pipeline in self.pipelines.values_mut().filter(|pipeline| !pipeline.status.is_over()) {
            for workflow in pipeline.workflows.iter_mut().filter(|workflow| workflow.status == Status::Running) {
                let agent = workflow.agent.and_then(|agent| self.agents.get(&agent));
                if agent.is_none_or(|agent| agent.last_contact + LEASE < now) {
                    workflow.status = Status::Pending;
                    workflow.agent = None;
                    workflow.started = 0;
                }
            }
        }
    }

    /// Notes how an agent's workflow ended. None where it isn't this agent's, or not running.
    pub(super) fn finish_work(&mut self, agent: u64, workflow: u64, status: Status) -> Option<Pipeline> {
        let now = now();
        if let Some(agent) = self.agents.get_mut(&agent) {
            agent.last_contact = now;
            agent.last_work = now;
        }
        let is_it = |it: &&mut Workflow| it.id == workflow && it.agent == Some(agent) && it.status == Status::Running;
        for pipeline in self.pipelines.values_mut() {
            if let Some(workflow) = pipeline.workflows.iter_mut().find(is_it) {
                workflow.status = status;
                workflow.finished = now;
                pipeline.settle(now);
                return Some(pipeline.clone());
            }
        }
        None
    }

    /// Ends what waits or runs for an older push to the same branch, or for the same pull request.
    pub(super) fn supersede(&mut self, newer: &Pipeline) -> Vec<Pipeline> {
        let now = now();
        let is_older = |other: &&mut Pipeline| {
            let (cause, new) = (&other.cause, &newer.cause);
            let is_about_the_same = match new.event.as_str() {
                "push" => cause.branch == new.branch,
                "pull_request" => cause.reference == new.reference,
                _ => false,
            };
            let is_another = other.id != newer.id && other.repository == newer.repository;
            is_another && !other.status.is_over() && cause.event == new.event && is_about_the_same
        };
        let mut ended = Vec::new();
        for pipeline in self.pipelines.values_mut().filter(is_older) {
            let has_run = pipeline.workflows.iter().any(|workflow| workflow.status != Status::Pending);
            for workflow in pipeline.workflows.iter_mut().filter(|workflow| !workflow.status.is_over()) {
                let never_ran = workflow.status == Status::Pending;
                workflow.status = if never_ran { Status::Skipped } else { Status::Killed };
                workflow.finished = if never_ran { 0 } else { now };
            }
            pipeline.status = if has_run { Status::Killed } else { Status::Canceled };
            pipeline.finished = now;
            pipeline.superseded_by = Some(newer.number);
            ended.push(pipeline.clone());
        }
        ended
    }

    /// Lets an agent go; what it had is for others again.
    pub(super) fn remove_agent(&mut self, agent: u64) {
        self.agents.remove(&agent);
        self.give_back_lost(now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ci::model::Cause;

    fn data(workflows: usize) -> Data {
        let mut data = Data::default();
        let workflows = (0..workflows).map(|_| Workflow::default()).collect();
        data.add_pipeline(Pipeline { repository: 1, workflows, ..Pipeline::default() });
        data
    }

    fn status(data: &Data) -> Status {
        data.pipeline(1, 1).unwrap().status
    }

    #[test]
    fn a_pipeline_waits_for_an_agent_runs_and_is_over() {
        let mut data = data(2);
        assert_eq!(status(&data), Status::Pending);
        let agent = data.add_agent("a", "1");
        let (_, first) = data.take_work(agent).unwrap();
        assert_eq!(status(&data), Status::Running);
        let (_, second) = data.take_work(agent).unwrap();
        assert!(data.take_work(agent).is_none());
        assert!(data.finish_work(agent + 1, first.id, Status::Success).is_none(), "another's");
        data.finish_work(agent, first.id, Status::Success).unwrap();
        assert!(data.finish_work(agent, first.id, Status::Failure).is_none(), "over already");
        assert_eq!(status(&data), Status::Running);
        assert_eq!(data.finish_work(agent, second.id, Status::Success).unwrap().status, Status::Success);
    }

    #[test]
    fn a_newer_push_ends_what_an_older_one_left() {
        let mut data = Data::default();
        let push = |data: &mut Data, event: &str, branch: &str| {
            let cause = Cause { event: event.to_owned(), branch: branch.to_owned(), ..Cause::default() };
            let workflows = vec![Workflow::default()];
            data.add_pipeline(Pipeline { repository: 1, cause, workflows, ..Pipeline::default() })
        };
        let waiting = push(&mut data, "push", "main");
        push(&mut data, "manual", "main");
        push(&mut data, "push", "other");
        let newer = push(&mut data, "push", "main");
        let ended = data.supersede(&newer);
        assert_eq!(ended.iter().map(|it| (it.id, it.status)).collect::<Vec<_>>(), [(waiting.id, Status::Canceled)]);
        assert_eq!((ended[0].workflows[0].status, ended[0].superseded_by), (Status::Skipped, Some(newer.number)));

        let agent = data.add_agent("a", "1");
        while data.take_work(agent).is_some() {}
        let newest = push(&mut data, "push", "main");
        assert_eq!(data.supersede(&newest)[0].status, Status::Killed);
        let killed = data.pipeline(1, newer.number).unwrap().workflows[0].id;
        assert!(data.finish_work(agent, killed, Status::Success).is_none(), "too late");
    }

    #[test]
    fn what_a_lost_agent_had_is_done_by_another() {
        let mut data = data(1);
        let (silent, gone, third) = (data.add_agent("a", "1"), data.add_agent("b", "1"), data.add_agent("c", "1"));
        data.take_work(silent).unwrap();
        assert!(data.take_work(gone).is_none());
        data.agents.get_mut(&silent).unwrap().last_contact -= LEASE + 1;
        let (_, workflow) = data.take_work(gone).unwrap();
        assert!(data.finish_work(silent, workflow.id, Status::Success).is_none());
        data.remove_agent(gone);
        assert_eq!(data.take_work(third).unwrap().1.id, workflow.id);
    }
}
