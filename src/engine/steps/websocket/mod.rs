//! `websocket`: a handshake as a browser sends it, and the dialogue over what it opens.
//!
//! - `handshake`: the request, and whether its answer opens a WebSocket
//! - `connection`: frames out, frames in, how it ends
//! - `talk`: the turns of the dialogue
//! - `frames`: what is expected of frames, and what is kept of them
//! - `words`: frames and ends in words

mod connection;
mod frames;
mod handshake;
mod talk;
mod words;

use async_trait::async_trait;
use scenario::model::WebSocket;

use super::{Act, Acting};
use crate::engine::problem::Problem;
pub(crate) use connection::Connection;
use talk::Talk;

#[async_trait]
impl Act for WebSocket {
    async fn act(&self, acting: &mut Acting<'_>) -> Result<(), Problem> {
        let Some(switched) = handshake::open(self, acting).await? else { return Ok(()) };
        Talk::new(acting, Connection::new(switched).await).run(&self.dialogue).await
    }
}
