//! Real servers that answer as the forge and the CI do, held to recorded contracts.
//!
//! A double follows its settings as the real program does: it knows no fault by name.
//!
//! - [`echo`]: an echo, over HTTP and WebSocket
//! - [`forge`]: Forgejo and Gitea: sign-in, sessions, pages
//! - [`site`]: a site of files held in memory, such as staging

pub mod echo;
pub mod forge;
mod random;
pub mod site;
