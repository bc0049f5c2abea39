//! Runs scenarios against a site. Emits [`events`]; knows no Docker, no printing, no verdict.
//!
//! [`plan`] makes a journey of a scenario and those that it uses; [`runner`] runs several at once; [`journey`] walks one
//! step by step with a [`visitor`], which is a browser as far as HTTP sees it; [`expect`] and [`capture`] look at what
//! came; [`assets`] loads what a page refers to; [`repository`] is what a `git` step saw; [`socket`] notes what goes over a
//! WebSocket; [`problem`] says in the file's terms what went wrong; [`refused`]
//! keeps what is to be asked again; [`trace`] makes evidence of it, on the [`desk`] of the
//! journey. What is slow only the first
//! time can be done beforehand: [`warm_up()`].

pub mod assets;
pub mod capture;
pub mod configuration;
pub mod consents;
pub mod content;
pub mod desk;
pub mod events;
pub mod expect;
pub mod form;
pub mod http;
pub mod journey;
pub mod page;
pub mod plan;
pub mod problem;
pub mod refused;
pub mod repository;
pub mod runner;
pub mod socket;
pub(crate) mod steps;
pub mod trace;
pub mod variables;
pub mod visitor;
mod warm_up;

pub use warm_up::warm_up;
