//! Setting a branch back, at the end of the journey.

use async_trait::async_trait;
use bytes::Bytes;
use git_wire::Service;
use git_wire::object::ObjectId;
use git_wire::pack::Writer;
use git_wire::receive_pack::Command;

use super::super::{Act, Acting, Undo};
use super::remote::Remote;
use super::{answers, push};
use crate::engine::plan::PlannedStep;
use crate::engine::problem::Problem;

/// A branch to be set back to what it was before the journey, or deleted where it wasn't there.
#[derive(Debug, Clone)]
pub(in crate::engine) struct UndoBranch {
    /// The step that changed it.
    pub(in crate::engine::steps) planned: PlannedStep,
    remote: Remote,
    name: String,
    /// What it was before the journey.
    was: ObjectId,
    /// What the journey made of it: anything else is somebody else's, and left alone.
    ours: Vec<ObjectId>,
}

impl UndoBranch {
    /// Notes a change that is about to be made. Of several changes of one branch the first knows what it was.
    pub(super) fn note(remote: &Remote, name: &str, was: Option<ObjectId>, ours: ObjectId, acting: &mut Acting<'_>) {
        let known = acting.undo.iter_mut().find_map(|undo| match undo {
            Undo::Branch(undo) if undo.remote.url == remote.url && undo.name == name => Some(undo),
            _ => None,
        });
        match known {
            Some(undo) => undo.ours.push(ours),
            None => acting.undo.push(Undo::Branch(Self {
                planned: acting.planned.clone(),
                remote: remote.clone(),
                name: name.to_owned(),
                was: was.unwrap_or(ObjectId::NONE),
                ours: vec![ours],
            })),
        }
    }

    /// What it does, for people.
    pub(in crate::engine::steps) fn title(&self) -> String {
        let branch = self.name.trim_start_matches("refs/heads/");
        if self.was == ObjectId::NONE { format!("git: delete {branch}") } else { format!("git: set {branch} back") }
    }
}

#[async_trait]
impl Act for UndoBranch {
    async fn act(&self, acting: &mut Acting<'_>) -> Result<(), Problem> {
        let mut remote = self.remote.clone();
        let advertised = remote.discover(Service::ReceivePack, acting).await?;
        let now = advertised.get(&self.name).unwrap_or(ObjectId::NONE);
        if now == self.was {
            return Ok(());
        }
        if !self.ours.contains(&now) {
            let message = format!("`{}` isn't set back: somebody else has pushed to it meanwhile", self.name);
            return Err(answers::broken(&remote, &message, &now.to_string(), acting));
        }
        let command = Command { old: now, new: self.was, name: self.name.clone() };
        let request = push::request(&advertised, command);
        let mut body = request.write();
        if self.was != ObjectId::NONE {
            // Nothing is sent that the server hasn't, but a pack has to be there.
            Writer::begin(0, &mut body).finish(&mut body);
        }
        let content = remote.post(Service::ReceivePack, Bytes::from(body), None, acting).await?;
        push::accepted(&remote, &content, request.can("side-band-64k"), &self.name, acting).map(|_| ())
    }
}
