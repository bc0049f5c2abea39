//! The rules of a meddler, as plain values. As JSON they go to a meddler in a container of its own.

use http::{HeaderName, HeaderValue};
use regex::bytes::Regex;
use serde::{Deserialize, Serialize};

/// What happens to requests or responses for which the conditions hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Which half of an exchange is changed. The conditions look at the request either way.
    pub on: Side,
    /// A pattern that is found in the path, or in the path with its query. `None` holds for all.
    pub match_path: Option<String>,
    /// A pattern that is found in the host that the browser asked for, with or without its port. `None` holds for all.
    pub match_host: Option<String>,
    /// What is done, in this order.
    pub actions: Vec<Action>,
}

/// One half of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// What the edge sends to the service.
    Request,
    /// What the service answers.
    Response,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The header field has this value and no other.
    SetHeader {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// The header field has this value besides those that it has.
    AppendHeader {
        /// Its name.
        name: String,
        /// The value.
        value: String,
    },
    /// There is no such header field.
    RemoveHeader {
        /// Its name.
        name: String,
    },
    /// What a pattern finds in values of a header field is replaced.
    ReplaceHeader {
        /// Its name; `None` is every field.
        name: Option<String>,
        /// The pattern.
        find: String,
        /// What takes the place of each match; `$1` is the first group.
        with: String,
    },
    /// What a pattern finds in the content is replaced.
    ReplaceBody {
        /// The pattern.
        find: String,
        /// What takes the place of each match; `$1` is the first group.
        with: String,
    },
    /// The status code. On a request: the meddler answers it by itself, and the rule's other changes are those of this answer.
    SetStatus(u16),
    /// The message is passed on this many milliseconds late.
    DelayMs(u64),
    /// The connection is cut this many milliseconds after the request came, unless the exchange is over by then.
    CloseAfterMs(u64),
}

/// The longest delay that makes sense, in milliseconds: an hour.
pub const LONGEST: u64 = 3_600_000;

/// Fields that say where a message ends. They follow from the content, and hyper writes them.
pub const FRAMING: [&str; 2] = ["content-length", "transfer-encoding"];

/// Says why a text can't be the name of a header field of a rule.
///
/// # Errors
/// The reason, for people.
pub fn check_name(text: &str) -> Result<HeaderName, String> {
    let name: HeaderName = text.parse().map_err(|_| "it is not the name of a header field".to_owned())?;
    if FRAMING.contains(&name.as_str()) {
        return Err("it says where the message ends, and follows from the content: leave it out".to_owned());
    }
    Ok(name)
}

/// Says why a text can't be the value of a header field.
///
/// # Errors
/// The reason, for people.
pub fn check_value(text: &str) -> Result<HeaderValue, String> {
    text.parse().map_err(|_| "it has a character that can't stand in a header field".to_owned())
}

/// Says why a text can't be a pattern.
///
/// # Errors
/// The reason, for people.
pub fn check_pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| match error {
        // The syntax error has the pattern and a caret on lines of their own before the reason.
        regex::Error::Syntax(long) => {
            long.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned()
        }
        other => other.to_string(),
    })
}
