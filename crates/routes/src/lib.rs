//! The route model: what the edge does with each request, as plain values.
//!
//! - [`model`]: a site, its origin, its routes
//! - [`standard`]: the routes of the design, for the services present, in either mode
//! - [`validate`]: what is wrong with a site, by the name of the setting
//! - [`target`]: request targets, read and rewritten as Caddy does
//! - [`matching`]: which route takes a request, and what becomes of it
//! - [`caddyfile`]: the same routes as text for Caddy
//! - [`settings`]: what the services must be told, so that they agree with the edge
//!
//! No sockets, no clock, no environment: every function here answers from its arguments alone.

pub mod caddyfile;
mod error;
pub mod matching;
pub mod model;
pub mod settings;
pub mod standard;
pub mod target;
pub mod validate;

pub use error::{Problem, RouteError};
pub use model::{
    Action, Cookies, Flush, Forward, Gate, GateSecret, Mode, Origin, PathEdit, PathMatch, Route, Scheme, Site,
    TlsFiles, Upstream,
};
