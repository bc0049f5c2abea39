//! The chat service: a chat with the `claude` command for people who are signed in at the forge.
//!
//! - [`config`]: the settings, from a map of names to values
//! - [`server`]: the rooms together, from the listener to the end
//! - `mount`: where the service hangs: under `/chat`, or at its own host's root as well
//! - [`sign_in`], [`session`], `cookies`, [`gate`], [`origin`]: who is who, and who gets in
//! - [`limits`]: how much one person may ask for
//! - [`history`]: what was said, on disk
//! - [`state`]: what must survive a restart, in SQLite
//! - [`client`]: requests to the forge and to the CI
//! - [`turn`]: one question to the command, and what it answers
//! - [`confine`]: what the command gets at
//! - [`identity`]: who it is to the API
//! - [`socket`], [`actions`], [`page`]: what the browser talks to
//! - [`compose`]: its part of a deployment's Compose file
//! - [`inside`]: what the container around the service allows
//! - [`answer`], [`secret`], [`clock`]: answers, values that nobody may read in a log, times
//!
//! The environment is read by the program alone and handed in as a map.

pub mod actions;
pub mod answer;
pub mod client;
pub mod clock;
pub mod compose;
pub mod config;
pub mod confine;
mod cookies;
pub mod gate;
pub mod history;
pub mod identity;
pub mod inside;
mod later;
pub mod limits;
mod mount;
pub mod origin;
pub mod page;
pub mod secret;
pub mod server;
pub mod session;
pub mod sign_in;
pub mod socket;
pub mod state;
pub mod turn;

pub use config::Config;
pub use server::{AppState, Chat, StartError};
