//! Why an exchange failed, for people.

use std::time::Duration;

use verdict::evidence::FailureKind;

/// Why a request got no complete response.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HttpError {
    /// The name has no address.
    #[error("the name `{host}` does not resolve: {reason}")]
    Resolve {
        /// The name.
        host: String,
        /// The resolver's words.
        reason: String,
    },
    /// No connection.
    #[error("no connection to {authority}: {reason}")]
    Connect {
        /// Host and port.
        authority: String,
        /// The system's words.
        reason: String,
    },
    /// No TLS session.
    #[error("TLS with {authority} failed: {reason}")]
    Tls {
        /// Host and port.
        authority: String,
        /// The library's words.
        reason: String,
    },
    /// The connection ended early, or what came isn't HTTP.
    #[error("the exchange broke: {reason}")]
    Protocol {
        /// What broke.
        reason: String,
    },
    /// The content is larger than is read.
    #[error("the content is larger than the {limit} bytes that are read{}", announced.map(|bytes| format!(" (Content-Length: {bytes})")).unwrap_or_default())]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
        /// What the response announced, in bytes.
        announced: Option<u64>,
    },
    /// A deadline passed.
    #[error("no complete answer within {:.1} s", after.as_secs_f64())]
    Timeout {
        /// The deadline.
        after: Duration,
    },
    /// The request can't be sent as written.
    #[error("{reason}")]
    Request {
        /// What is wrong with it.
        reason: String,
    },
}

impl HttpError {
    /// The kind of failure, as evidence has it.
    pub fn kind(&self) -> FailureKind {
        match self {
            HttpError::Resolve { .. } => FailureKind::Resolve,
            HttpError::Connect { .. } => FailureKind::Connect,
            HttpError::Tls { .. } => FailureKind::Tls,
            HttpError::Protocol { .. } => FailureKind::Protocol,
            HttpError::TooLarge { .. } => FailureKind::TooLarge,
            HttpError::Timeout { .. } => FailureKind::Timeout,
            HttpError::Request { .. } => FailureKind::Scenario,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            HttpError::Resolve { .. } => {
                "check the spelling; a name that only this test knows is given by `--resolve NAME=ADDRESS`".to_owned()
            }
            HttpError::Connect { .. } => {
                "is the edge running, and listening on this port? `curl -v` against the same address shows the same"
                    .to_owned()
            }
            HttpError::Tls { reason, .. } if reason.contains("UnknownIssuer") => {
                "no trusted authority signed the certificate; give the site's own CA by `--ca FILE`".to_owned()
            }
            HttpError::Tls { reason, .. }
                if ["Corrupt", "corrupt", "InvalidMessage", "eof"].iter().any(|sign| reason.contains(sign)) =>
            {
                "the port answers, but not with TLS: should the address begin with http:// ?".to_owned()
            }
            HttpError::Tls { .. } => "look at the certificate's names, dates and chain".to_owned(),
            HttpError::Protocol { reason } if reason.contains("parsed") => {
                "what answers on this port doesn't speak HTTP/1.1: check host and port".to_owned()
            }
            HttpError::Protocol { .. } => {
                "the server, or something before it, closed the connection: its log says why".to_owned()
            }
            HttpError::TooLarge { .. } => {
                "ask for something smaller: a smoke test reads pages, not archives".to_owned()
            }
            HttpError::Timeout { .. } => {
                "the server accepted the request and never finished its answer; raise `timeout:` if it needs that long"
                    .to_owned()
            }
            HttpError::Request { .. } => "correct the scenario".to_owned(),
        }
    }
}
