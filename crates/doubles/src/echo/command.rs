//! Messages that ask for something else than themselves: JSON objects with one of these keys.
//!
//! | message | what the echo does |
//! |---|---|
//! | `{"stream": {"frames": 10, "every_ms": 30}}` | sends `{"frame": 1, "of": 10}` and so on, one at a time |
//! | `{"request": true}` | describes the handshake as it reached the echo |
//! | `{"ping": "text"}` | sends a ping |
//! | `{"close": {"code": 4000, "reason": "bye"}}` | closes |
//! | `{"cut": true}` | ends the connection without a word |

use std::time::Duration;

use serde_json::{Map, Value};

/// The most frames of one stream.
pub const MOST_FRAMES: u64 = 10_000;
/// The longest pause between two frames of a stream, in milliseconds.
pub const LONGEST_PAUSE_MS: u64 = 60_000;
/// The longest reason that a close frame can carry, in bytes (RFC 6455, section 5.5).
const REASON: usize = 123;

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Itself.
    Echo,
    /// A stream of frames.
    Stream {
        /// How many.
        frames: u64,
        /// The pause before each but the first.
        every: Duration,
    },
    /// The handshake, as it reached the echo.
    Request,
    /// A ping with this content.
    Ping(String),
    /// The end, with a close frame.
    Close {
        /// The code.
        code: u16,
        /// The reason.
        reason: String,
    },
    /// The end, without one.
    Cut,
}

/// Reads a message. What isn't a command is echoed.
///
/// # Errors
/// A command that makes no sense: what is wrong with it.
pub fn read(message: &str) -> Result<Command, String> {
    let Ok(Value::Object(object)) = serde_json::from_str(message) else { return Ok(Command::Echo) };
    let mut entries = object.iter();
    let (Some((name, value)), None) = (entries.next(), entries.next()) else { return Ok(Command::Echo) };
    match (name.as_str(), value) {
        ("stream", Value::Object(fields)) => Ok(Command::Stream {
            frames: number(fields, "frames", 1, MOST_FRAMES)?,
            every: Duration::from_millis(number(fields, "every_ms", 0, LONGEST_PAUSE_MS)?),
        }),
        ("request", Value::Bool(true)) => Ok(Command::Request),
        ("ping", Value::String(text)) if text.len() <= 125 => Ok(Command::Ping(text.clone())),
        ("ping", Value::String(_)) => Err("a ping carries no more than 125 bytes".to_owned()),
        ("close", Value::Object(fields)) => {
            let code = number(fields, "code", 1000, 4999)?;
            let reason = fields.get("reason").and_then(Value::as_str).unwrap_or_default();
            if reason.len() > REASON {
                return Err(format!("a reason has no more than {REASON} bytes"));
            }
            Ok(Command::Close { code: u16::try_from(code).unwrap_or(1000), reason: reason.to_owned() })
        }
        ("cut", Value::Bool(true)) => Ok(Command::Cut),
        _ => Ok(Command::Echo),
    }
}

fn number(fields: &Map<String, Value>, name: &str, least: u64, most: u64) -> Result<u64, String> {
    let number = fields.get(name).and_then(Value::as_u64).filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("`{name}` must be a whole number from {least} to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_and_everything_else_is_echoed() {
        let every = Duration::from_millis(30);
        for (message, command) in [
            (r#"{"stream": {"frames": 10, "every_ms": 30}}"#, Command::Stream { frames: 10, every }),
            (r#"{"request": true}"#, Command::Request),
            (r#"{"ping": "x"}"#, Command::Ping("x".to_owned())),
            (r#"{"close": {"code": 4000, "reason": "bye"}}"#, Command::Close { code: 4000, reason: "bye".to_owned() }),
            (r#"{"cut": true}"#, Command::Cut),
            ("hello", Command::Echo),
            ("", Command::Echo),
            (r#"{"cut": false}"#, Command::Echo),
            (r#"{"cut": true, "more": 1}"#, Command::Echo),
            (r#"{"other": 1}"#, Command::Echo),
            (r#"["stream"]"#, Command::Echo),
        ] {
            assert_eq!(read(message), Ok(command), "{message}");
        }
    }

    #[test]
    fn commands_that_make_no_sense_are_refused() {
        for (message, why) in [
            (r#"{"stream": {"frames": 0, "every_ms": 30}}"#, "`frames` must be a whole number from 1 to 10000"),
            (r#"{"stream": {"frames": 1, "every_ms": 60001}}"#, "`every_ms` must be a whole number from 0 to 60000"),
            (r#"{"stream": {}}"#, "`frames` must be a whole number from 1 to 10000"),
            (r#"{"close": {"code": 999}}"#, "`code` must be a whole number from 1000 to 4999"),
        ] {
            assert_eq!(read(message), Err(why.to_owned()), "{message}");
        }
    }
}
