//! Webhooks: what a repository tells others of what happens in it.

mod allow;
mod delivery;
mod events;
mod hook;
mod payload;

pub(super) use allow::AllowList;
pub(super) use delivery::{Deliveries, Order};
pub(super) use events::{Event, expand, pushed};
pub use hook::Delivery;
pub(super) use hook::Hook;
pub(super) use payload::pull_request;
