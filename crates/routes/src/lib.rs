//! The route model: what the edge does with each request, as plain values.
//!
//! - [`model`]: a site, its origin, its routes
//! - [`standard`]: the routes of the design, for the services present, in either mode
//! - [`validate`]: what is wrong with a site, by the name of the setting
//! - [`target`]: request targets, read and rewritten as Caddy does
//! - [`matching`]: which route takes a request, and what becomes of it
//! - [`change`]: a site whose routes are otherwise
//! - [`caddyfile`]: the same routes as text for Caddy
//! - [`names`]: what DNS and the certificate must have
//! - [`variables`], [`deployment`]: an environment file read, and the site that its settings ask for
//! - [`settings`]: what the services must be told, so that they agree with the edge
//! - [`environment`], [`nomad`]: the settings as files for Compose and for Nomad
//! - [`stale`]: which files and settings are of another configuration than the one that is asked for
//!
//! No sockets, no clock, no environment: every function here answers from its arguments alone.

pub mod caddyfile;
pub mod change;
pub mod deployment;
pub mod environment;
mod error;
pub mod matching;
pub mod model;
pub mod names;
pub mod nomad;
pub mod settings;
pub mod stale;
pub mod standard;
pub mod target;
pub mod validate;
pub mod variables;

pub use error::{Problem, RouteError};
pub use model::{
    Action, Cookies, Flush, Forward, Front, Gate, GateSecret, Mode, Origin, PathEdit, PathMatch, Route, Scheme, Site,
    TlsFiles, Upstream,
};
