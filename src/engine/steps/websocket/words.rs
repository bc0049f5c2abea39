//! Frames and ends in words.

use scenario::duration::show;
use verdict::evidence::{EndingKind, FailureKind, FrameKind};

use crate::engine::socket::{End, Frame};

/// `a text frame of 5 bytes, 12ms after it was open`
pub(super) fn describe(frame: &Frame) -> String {
    let size = match frame.content.len() {
        0 => "empty".to_owned(),
        1 => "of 1 byte".to_owned(),
        bytes => format!("of {bytes} bytes"),
    };
    match frame.kind {
        FrameKind::Close => format!("{}, {} after it was open", close(frame), show(frame.at)),
        kind => format!("a {} frame {size}, {} after it was open", kind.as_str(), show(frame.at)),
    }
}

fn close(frame: &Frame) -> String {
    let code = frame.code.map_or_else(|| "no code".to_owned(), |code| format!("the code {code}"));
    format!("a close frame with {code}")
}

/// What happened, what came, what to do, and what kind of trouble it is.
pub(super) struct Ended {
    pub(super) message: String,
    pub(super) found: String,
    pub(super) help: &'static str,
    pub(super) kind: FailureKind,
}

/// An end that nobody wanted.
pub(super) fn ended(end: &End) -> Ended {
    let after = show(end.at);
    let reason = if end.reason.is_empty() { String::new() } else { format!(": {}", end.reason) };
    match end.how {
        EndingKind::Cut => Ended {
            message: format!("the connection was cut without a close frame after {after}"),
            found: format!("the end of the connection{reason}"),
            help: "the service died, or something between it and here ended the connection: a time limit or a reload of \
                   the edge",
            kind: FailureKind::Protocol,
        },
        EndingKind::Broken => Ended {
            message: format!("what came after {after} is against the protocol"),
            found: end.reason.clone(),
            help: "RFC 6455 has the rules, and every browser gives up here: correct the server, or what changes its \
                   frames on the way",
            kind: FailureKind::Protocol,
        },
        EndingKind::TooLarge => Ended {
            message: format!("after {after} more came than is read"),
            found: end.reason.clone(),
            help: "ask for something smaller: a smoke test reads messages, not archives",
            kind: FailureKind::TooLarge,
        },
        EndingKind::ClosedByServer | EndingKind::ClosedByClient | EndingKind::StillOpen => Ended {
            message: format!("the server closed the WebSocket after {after}"),
            found: format!("a close frame with {}{reason}", code(end.code)),
            help: advice(end.code),
            kind: FailureKind::Expectation,
        },
    }
}

fn code(code: Option<u16>) -> String {
    match code {
        Some(1005) | None => "no code".to_owned(),
        Some(code) => format!("the code {code}{}", meaning(code).map(|word| format!(" ({word})")).unwrap_or_default()),
    }
}

/// RFC 6455, section 7.4.1.
fn meaning(code: u16) -> Option<&'static str> {
    Some(match code {
        1000 => "normal",
        1001 => "going away",
        1002 => "protocol error",
        1003 => "unsupported data",
        1007 => "invalid data",
        1008 => "policy violation",
        1009 => "message too big",
        1010 => "extension missing",
        1011 => "server error",
        1012 => "service restart",
        1013 => "try again later",
        _ => return None,
    })
}

fn advice(code: Option<u16>) -> &'static str {
    match code {
        Some(1001 | 1012) => "the server, or the edge in its place, is shutting down or has taken a new configuration",
        Some(1002 | 1003 | 1007 | 1009) => "the server doesn't take what was sent to it",
        Some(1008) => "the server doesn't want this client: look at its session, its Origin and what it sent",
        Some(1011) => "the server met with an error: its log says which",
        _ => "to expect it, write `- expect: { close: CODE }` as the last turn",
    }
}
