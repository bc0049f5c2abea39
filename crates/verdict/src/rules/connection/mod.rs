//! Connections that end before their time.

pub(super) mod cut;
