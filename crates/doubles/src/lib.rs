//! Real servers that answer as the forge and the CI do, held to recorded contracts.
//!
//! A double follows its settings as the real program does: it knows no fault by name.
//!
//! - [`chat`]: the chat with the command: sign-in, gate, socket, actions; and the mistakes that such services have
//! - [`ci`]: Woodpecker: dashboard, sign-in at the forge, pipelines
//! - [`echo`]: an echo, over HTTP and WebSocket
//! - [`forge`]: Forgejo and Gitea: sign-in, pages, OAuth provider, REST API, webhooks, git over HTTP
//! - [`meddler`]: a reverse proxy before one service that changes what its rules say
//! - [`messages`]: a model behind the Messages API, for the `claude` command
//! - [`outbound`]: how a double calls other services
//! - [`site`]: a site of files held in memory, such as staging

pub mod chat;
pub mod ci;
pub mod echo;
pub mod forge;
pub mod meddler;
pub mod messages;
mod random;
pub mod site;

pub use outbound;
