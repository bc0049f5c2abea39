//! The forge itself.

pub(super) mod internal_api_open;
