//! From evidence to a judgement, through the crate's public door.

mod addresses;
mod build;
mod changes;
mod chat;
mod cookies;
mod criteria;
mod edges;
mod oauth;
mod pipelines;
mod precedence;
mod properties;
mod restarts;
mod rules;
mod scene;
mod sessions;
mod transport;
