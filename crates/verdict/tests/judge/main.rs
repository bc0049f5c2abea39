//! From evidence to a judgement, through the crate's public door.

mod build;
mod changes;
mod cookies;
mod oauth;
mod pipelines;
mod precedence;
mod properties;
mod rules;
mod scene;
mod sessions;
mod transport;
