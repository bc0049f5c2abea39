//! What is taken back when a journey ends, however it ends.

use async_trait::async_trait;

use super::api::UndoneCall;
use super::git::UndoBranch;
use super::{Act, Acting};
use crate::engine::plan::PlannedStep;
use crate::engine::problem::Problem;

/// Something to be taken back.
#[derive(Debug, Clone)]
pub(in crate::engine) enum Undo {
    /// A push.
    Branch(UndoBranch),
    /// A call of an API.
    Call(UndoneCall),
}

impl Undo {
    /// The step that is taken back.
    pub(in crate::engine) fn planned(&self) -> &PlannedStep {
        match self {
            Undo::Branch(undo) => &undo.planned,
            Undo::Call(undo) => &undo.planned,
        }
    }

    /// What taking it back does, for people.
    pub(in crate::engine) fn title(&self) -> String {
        match self {
            Undo::Branch(undo) => undo.title(),
            Undo::Call(undo) => undo.title(),
        }
    }
}

#[async_trait]
impl Act for Undo {
    async fn act(&self, acting: &mut Acting<'_>) -> Result<(), Problem> {
        match self {
            Undo::Branch(undo) => undo.act(acting).await,
            Undo::Call(undo) => undo.act(acting).await,
        }
    }
}
