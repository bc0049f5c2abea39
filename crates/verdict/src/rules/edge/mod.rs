//! What the edge does by itself, and what it shows of itself.

pub(super) mod admin_open;
pub(super) mod body_too_large;
pub(super) mod compression_broken;
pub(super) mod log_leaks;
