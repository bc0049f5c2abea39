//! Requests beside the journeys, that tell causes apart.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exchange::Exchange;
use super::websocket::WebSocketRecord;

/// A request that was made after a journey failed, to tell causes apart, and what came.
///
/// Rules tell probes by what was asked (way, method, URL, header fields), never by `asks`, which is for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Probe {
    /// The service that it is about.
    pub service: String,
    /// Which way it went.
    pub way: Way,
    /// What it asks, in a clause: "the same path without its prefix".
    pub asks: String,
    /// The request and what came. The URL of one that went straight to a service has the address where the edge
    /// reaches the service (`http://forge:3000/user/login`).
    pub exchange: Exchange,
    /// The WebSocket, where the request was a handshake that succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub websocket: Option<WebSocketRecord>,
}

/// Which way a probe went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// As browsers go, through the edge.
    Edge,
    /// Straight to the service, past the edge and whatever meddles behind it, with the `Host` that the edge passes on.
    Direct,
}

impl Way {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Way::Edge => "edge",
            Way::Direct => "direct",
        }
    }
}
