//! The containers stack: the real programs, from `fixtures/compose.yml`, each in its container.
//!
//! - [`compose`]: the file that describes it
//! - `plan`: what of it is stood up, and with which settings
//! - `up`: standing it up: [`up`](up::up); in which `order`, until the edge does `pass_on` requests; who may `follow`
//! - `bring`: one service of it: `launch`ed, `ready`, with its `volumes`; and what it says (`inside`)
//! - `alter`: what is to be wrong with it, once it is set up
//! - `versions`: which versions the programs say they are
//! - `stack`: what then stands: [`Containers`]; and its `change`
//! - `kept`: one that was left standing, found again: [`kept()`]
//! - `run`, [`owner`], `cleanup`, `standing`: whose everything is, and how it is removed
//! - `engine`: the container engine: [`engine()`]

mod alter;
mod bring;
mod change;
mod cleanup;
pub mod compose;
pub(crate) mod engine;
mod follow;
pub(crate) mod inside;
mod kept;
mod launch;
mod listening;
mod order;
pub mod owner;
mod pass_on;
mod plan;
mod ready;
mod run;
mod stack;
mod standing;
mod up;
mod versions;
mod volumes;

pub use cleanup::sweep;
pub use engine::{EngineInfo, engine};
pub use kept::{Kept, kept};
pub use stack::Containers;
pub use up::up;

use scenario::model::Service;

/// The services that the stack has, as long as its file has them: a test compares the two.
pub const SERVICES: &[Service] = &[
    Service::Edge,
    Service::Forge,
    Service::Ci,
    Service::CiAgent,
    Service::Chat,
    Service::Model,
    Service::Staging,
    Service::Echo,
];
