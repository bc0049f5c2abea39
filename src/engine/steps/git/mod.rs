//! `git`: clones and pushes over HTTP, spoken by ourselves, so that every exchange is in the trace.

mod answers;
mod fetch;
mod generated;
mod push;
mod remote;
mod undo;

use async_trait::async_trait;
use scenario::model::{Git, GitAction};

use super::{Act, Acting};
use crate::engine::problem::Problem;
use remote::Remote;
pub(in crate::engine) use undo::UndoBranch;

#[async_trait]
impl Act for Git {
    async fn act(&self, acting: &mut Acting<'_>) -> Result<(), Problem> {
        let remote = Remote::new(self, acting)?;
        let branch = self.branch.as_ref().map(|branch| remote::branch(branch, acting)).transpose()?;
        match &self.action {
            GitAction::Clone { depth } => {
                let span = self.branch.as_ref().map_or(self.url.span, |branch| branch.span);
                fetch::clone(&remote, branch.as_deref(), span, *depth, acting).await
            }
            GitAction::Push(push) => push::push(&remote, branch.as_deref().unwrap_or_default(), push, acting).await,
        }
    }
}
