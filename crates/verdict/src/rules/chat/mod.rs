//! The chat: what it is told of its users, its command and its tokens.

pub(super) mod command_fails;
pub(super) mod forge_token_refused;
pub(super) mod user_not_listed;
