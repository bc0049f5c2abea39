//! Requests with their responses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One request with its response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// The request as sent.
    pub request: RequestRecord,
    /// The response, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseRecord>,
    /// Why there was none, or why it is incomplete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// From the first byte sent to the last byte received, in milliseconds.
    pub duration_ms: f64,
}

/// A request as sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RequestRecord {
    /// The method.
    pub method: String,
    /// The whole URL; its target is byte for byte what was sent.
    pub url: String,
    /// Header fields in the order sent. Bytes that aren't UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// Size of the content in bytes.
    pub body_bytes: u64,
}

/// A response as received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResponseRecord {
    /// The status code.
    pub status: u16,
    /// Header fields in the order received, `Set-Cookie` included. Bytes that aren't UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The cookies that it sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_cookies: Vec<SetCookie>,
    /// Size of the content in bytes, as far as it was read.
    pub body_bytes: u64,
    /// The beginning of the content, where it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_excerpt: Option<String>,
    /// How the content arrived, where it came in more than one piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival: Option<Arrival>,
}

/// How a content arrived. Times count from the first byte sent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Arrival {
    /// In how many pieces it was read; neighbours that came together count as one.
    pub pieces: u64,
    /// When the first of them came, in milliseconds.
    pub first_ms: f64,
    /// When the last came, in milliseconds.
    pub last_ms: f64,
}

impl Arrival {
    /// The time from the first piece to the last, in milliseconds.
    pub fn spread_ms(&self) -> f64 {
        self.last_ms - self.first_ms
    }
}

impl ResponseRecord {
    /// The time from the content's first piece to its last, in milliseconds; zero where it came at once.
    pub fn spread_ms(&self) -> f64 {
        self.arrival.map_or(0.0, |arrival| arrival.spread_ms())
    }

    /// The first value of a header field, its name compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// One `Set-Cookie` field (RFC 6265), with what it says rather than what a browser makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetCookie {
    /// The cookie's name.
    pub name: String,
    /// `Path`, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// `Domain`, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// `HttpOnly` is there.
    pub http_only: bool,
    /// `Secure` is there.
    pub secure: bool,
    /// `SameSite`, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_site: Option<String>,
    /// The field deletes the cookie (`Max-Age` not positive, or `Expires` in the past).
    pub deleted: bool,
    /// Why a browser refuses the cookie, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}
