//! Sign-ins by OAuth 2 as a browser saw them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A sign-in by OAuth 2 (RFC 6749, section 4.1), phase by phase. No code, state or token stands in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OAuthRecord {
    /// The provider's address, as the scenario has it.
    pub provider: String,
    /// The client's address, as the scenario has it.
    pub client: String,
    /// The redirect URI that is registered, as the scenario has it.
    pub redirect_uri: String,
    /// What was done, in order.
    pub phases: Vec<OAuthPhase>,
}

/// A way of the browser's from the client's start, or to its callback, as far as it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OAuthPhase {
    /// What was done.
    pub kind: OAuthPhaseKind,
    /// The index of its first exchange in the step's trace.
    pub first_exchange: usize,
    /// What the client asked the provider for; `None` where the start led to no such request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<AuthorizationRequest>,
    /// The provider asked the user to sign in.
    pub sign_in_asked: bool,
    /// The provider asked the user for consent.
    pub consent_asked: bool,
    /// What the provider answered; `None` where the browser never came so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<AuthorizationResponse>,
    /// Where the browser was sent and didn't go: to a host that isn't the site's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub astray: Option<Astray>,
    /// Where it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landing: Option<Landing>,
    /// The names of the client's session cookies that were there afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub session: Vec<String>,
}

/// Kinds of phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OAuthPhaseKind {
    /// The user signs in.
    First,
    /// The user signs in again, at a client that has forgotten them.
    Again,
    /// A good code with a state that the client didn't give out.
    ForgedState,
    /// `error=access_denied` in the provider's place.
    Error,
    /// A good code and its state, in a browser that never began to sign in.
    AnotherBrowser,
}

/// The authorization request (RFC 6749, section 4.1.1), as the client had the browser send it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuthorizationRequest {
    /// The authorization endpoint: the address without its query.
    pub endpoint: String,
    /// The index in the step's trace of the exchange that sent the browser there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_by: Option<usize>,
    /// `response_type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_type: Option<String>,
    /// `client_id` is there.
    pub client_id: bool,
    /// `redirect_uri`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// `scope`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// `state` is there.
    pub state: bool,
}

/// The authorization response (RFC 6749, sections 4.1.2 and 4.1.2.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuthorizationResponse {
    /// Where it went: the address without its query.
    pub to: String,
    /// The index in the step's trace of the exchange that sent the browser there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_by: Option<usize>,
    /// `code` is there.
    pub code: bool,
    /// The state, compared with that of the request.
    pub state: StateComparison,
    /// `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The state of a response, compared with that of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateComparison {
    /// The same.
    Same,
    /// Another.
    Other,
    /// There is none, in one of the two or in both.
    Missing,
}

/// A place that the browser was sent to and didn't go to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Astray {
    /// The address without its query.
    pub to: String,
    /// The index in the step's trace of the exchange that sent the browser there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_by: Option<usize>,
}

/// Where a browser ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Landing {
    /// The URL.
    pub url: String,
    /// The status code.
    pub status: u16,
    /// The media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `error` in its URL, or in that of a hop on the way from the callback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The beginning of what the page tells its reader, where its status is one of failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}
