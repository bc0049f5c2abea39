//! How requests get to the chat.

use crate::real_caddy::Caddy;

/// A way to the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Way {
    /// Past the edge, with what an edge adds for somebody who is signed in: nothing but the service itself refuses.
    Direct,
    /// By the in-process edge.
    #[default]
    Edge,
    /// By a real Caddy.
    Caddy,
}

impl Way {
    /// Whether it can be gone here; where not, that is said.
    pub(crate) fn is_possible(self) -> bool {
        self != Self::Caddy || Caddy::is_possible()
    }
}
