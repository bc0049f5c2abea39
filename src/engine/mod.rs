//! Runs scenarios against a site. Emits [`events`]; knows no Docker, no printing, no verdict.

pub mod events;
pub mod http;
