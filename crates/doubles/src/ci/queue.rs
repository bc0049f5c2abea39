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

    /// Lets an agent go; what it had is for others again.
    pub(super) fn remove_agent(&mut self, agent: u64) {
        self.agents.remove(&agent);
        self.give_back_lost(now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
