//! The CI itself.

pub(super) mod no_agent;
pub(super) mod registration_closed;
