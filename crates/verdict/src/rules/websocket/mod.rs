//! WebSockets on their way through the edge.

pub(super) mod cut;
pub(super) mod upgrade_lost;
