//! A model behind the Messages API (`POST /v1/messages`), for programs that talk to one, such as the `claude` command.
//!
//! It understands nothing: what it says follows from its settings and from the request, as a script of answers has it. The protocol is the real
//! one's: fields that are required, errors by type and status, server-sent events, and the use of tools, in which the client runs
//! what the model asks for and comes back with the result.
//!
//! - [`answer`]: what is said to which prompt
//! - `conversation`: what a request holds
//! - `events`: an answer as events
//! - `refusal`: errors as the API writes them
//! - `server`: requests in, answers out
//! - `stream`: events, one at a time

pub mod answer;
mod conversation;
mod events;
mod refusal;
mod server;
mod settings;
mod stream;

pub use answer::{Answer, Failure, ToolUse};
pub use server::Messages;
pub use settings::{Builder, Settings, Usage};
