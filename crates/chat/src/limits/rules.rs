//! The limits, and whether there is room for one more. No clock, no database.

use std::fmt;
use std::time::Duration;

use crate::config::Reader;
use crate::state::Counted;

const HOUR: u64 = 60 * 60;
pub(super) const DAY: u64 = 24 * HOUR;

/// The limits of one person. They hold for the last hour and the last day at any moment, not for those of a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Requests within any hour (`CHAT_MAX_REQUESTS_PER_HOUR`).
    pub requests_per_hour: u64,
    /// Requests within any day (`CHAT_MAX_REQUESTS_PER_DAY`).
    pub requests_per_day: u64,
    /// Tokens within any day, read and written (`CHAT_MAX_TOKENS_PER_DAY`).
    pub tokens_per_day: u64,
}

/// Why somebody has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The limit that is reached.
    pub reason: Reason,
    /// How long until there is room again: whole seconds, at least one.
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
    /// The counters can't be used; without them nobody is let in.
    Storage,
}

impl Refusal {
    /// A word for programs.
    pub fn code(&self) -> &'static str {
        match self.reason {
            Reason::Hour => "requests_per_hour",
            Reason::Day => "requests_per_day",
            Reason::Tokens => "tokens_per_day",
            Reason::Storage => "storage",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.reason {
            Reason::Hour => "the number of requests in one hour is used up",
            Reason::Day => "the number of requests in one day is used up",
            Reason::Tokens => "the number of tokens in one day is used up",
            Reason::Storage => "requests can't be counted at the moment",
        };
        let seconds = self.retry_after.as_secs();
        let (hours, minutes) = (seconds / HOUR, seconds % HOUR / 60);
        write!(formatter, "{what}; come back in ")?;
        match (hours, minutes) {
            (0, 0) => write!(formatter, "{seconds} s"),
            // Rounded up: nobody should come too early.
            (0, _) => write!(formatter, "{} min", seconds.div_ceil(60)),
            (_, _) => write!(formatter, "{hours} h {} min", (seconds % HOUR).div_ceil(60)),
        }
    }
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

    /// Whether there is room for one more request, `now` in seconds since 1970. Where several limits are reached the longest wait counts.
    pub(super) fn admit(&self, counted: &Counted, now: u64) -> Result<(), Refusal> {
        // A clock that was set back leaves counts in the future. They count as if they were now.
        let since = |window: u64| counted.requests.partition_point(|at| at.saturating_add(window) <= now);
        let wait = |reason, limit: u64, window: u64| {
            let first = since(window);
            let count = counted.requests.len() - first;
            let too_many = count.checked_sub(usize::try_from(limit).ok()?)?;
            // There is room once this one, and all before it, have left the window.
            let leaves = counted.requests.get(first + too_many).map_or(now, |at| (*at).min(now));
            Some((reason, leaves.saturating_add(window) - now))
        };
        let waits = [
            wait(Reason::Hour, self.requests_per_hour, HOUR),
            wait(Reason::Day, self.requests_per_day, DAY),
            self.wait_for_tokens(counted, now),
        ];
        match waits.into_iter().flatten().max_by_key(|(_, seconds)| *seconds) {
            None => Ok(()),
            Some((reason, seconds)) => Err(Refusal { reason, retry_after: Duration::from_secs(seconds.max(1)) }),
        }
    }

    fn wait_for_tokens(&self, counted: &Counted, now: u64) -> Option<(Reason, u64)> {
        let window = || counted.spending.iter().filter(|(at, _)| at.saturating_add(DAY) > now);
        // Wider than what is summed: a sum that stops at its type's end would forget what to take off again.
        let (mut sum, limit) =
            (window().map(|(_, tokens)| u128::from(*tokens)).sum::<u128>(), u128::from(self.tokens_per_day));
        if sum < limit {
            return None;
        }
        for (at, tokens) in window() {
            sum -= u128::from(*tokens);
            if sum < limit {
                return Some((Reason::Tokens, (*at).min(now).saturating_add(DAY) - now));
            }
        }
        // A limit of nothing.
        Some((Reason::Tokens, DAY))
    }
}
