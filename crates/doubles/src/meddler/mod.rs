//! A meddler: a reverse proxy that stands before one service, and passes on faithfully what comes and goes, but for what its rules say.
//!
//! With it known defects of a proxy or of a service are set up on purpose, before a double and before the real program alike.
//!
//! - [`rule`]: the rules, as plain values
//! - [`rules`]: the same, ready to be applied to a request's or a response's head and content; pure
//! - `content`: contents read, decoded and changed
//! - `server`: the proxy itself: [`Meddler`]

mod coding;
mod content;
mod head;
pub mod rule;
pub mod rules;
mod server;
mod tunnel;

pub use rule::{Action, Rule, Side};
pub use rules::{Asked, Rules};
pub use server::Meddler;
