//! How much one person may ask for within any hour and any day.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// The limits (`CHAT_MAX_REQUESTS_PER_HOUR`, `CHAT_MAX_REQUESTS_PER_DAY`, `CHAT_MAX_TOKENS_PER_DAY`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests within any hour.
    pub requests_per_hour: u64,
    /// Requests within any day.
    pub requests_per_day: u64,
    /// Tokens within any day.
    pub tokens_per_day: u64,
}

/// Why somebody has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: &'static str,
    /// In seconds.
    pub(super) retry_after: u64,
}

/// What was counted, by person.
#[derive(Debug, Default)]
pub(super) struct Counters(Mutex<BTreeMap<String, Counted>>);

#[derive(Debug, Default)]
struct Counted {
    /// When requests were let in, oldest first.
    requests: Vec<u64>,
    /// When tokens were spent, and how many.
    tokens: Vec<(u64, u64)>,
}

impl Counters {
    /// Counts a request, if there is room for it.
    pub(super) fn admit(&self, limits: &Limits, user: &str, now: u64) -> Result<(), Refusal> {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = people.entry(user.to_ascii_lowercase()).or_default();
        counted.requests.retain(|at| at + DAY > now);
        counted.tokens.retain(|(at, _)| at + DAY > now);
        let within = |window: u64, limit: u64| -> Option<u64> {
            let recent: Vec<u64> = counted.requests.iter().copied().filter(|at| at + window > now).collect();
            let over = recent.len().checked_sub(usize::try_from(limit).unwrap_or(usize::MAX))?;
            Some(recent.get(over).copied().unwrap_or(now) + window - now)
        };
        let spent: u64 = counted.tokens.iter().map(|(_, tokens)| tokens).sum();
        let first = counted.tokens.first().map_or(now, |(at, _)| *at);
        let wait = |code, message, seconds: Option<u64>| {
            seconds.map(|seconds| Refusal { code, message, retry_after: seconds.max(1) })
        };
        let refusal = [
            wait(
                "requests_per_hour",
                "you have asked as often as you may within an hour",
                within(HOUR, limits.requests_per_hour),
            ),
            wait(
                "requests_per_day",
                "you have asked as often as you may within a day",
                within(DAY, limits.requests_per_day),
            ),
            wait(
                "tokens_per_day",
                "your questions have used as many tokens as they may within a day",
                (spent >= limits.tokens_per_day).then(|| first + DAY - now),
            ),
        ];
        if let Some(refusal) = refusal.into_iter().flatten().max_by_key(|refusal| refusal.retry_after) {
            return Err(refusal);
        }
        counted.requests.push(now);
        Ok(())
    }

    /// Counts what an answer cost.
    pub(super) fn spend(&self, user: &str, tokens: u64, now: u64) {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        people.entry(user.to_ascii_lowercase()).or_default().tokens.push((now, tokens));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asked_too_often_is_told_when_to_come_back() {
        let limits = Limits { requests_per_hour: 2, requests_per_day: 3, tokens_per_day: 10 };
        let counters = Counters::default();
        let admit = |now| counters.admit(&limits, "Smoke", now).map_err(|refusal| (refusal.code, refusal.retry_after));
        assert_eq!((admit(1000), admit(1010)), (Ok(()), Ok(())));
        assert_eq!(admit(1020), Err(("requests_per_hour", HOUR - 20)));
        assert_eq!(admit(1000 + HOUR), Ok(()), "a refused request isn't counted");
        assert_eq!(admit(1020 + HOUR), Err(("requests_per_day", DAY - HOUR - 20)));
        counters.spend("other", 10, 50);
        let refusal = counters.admit(&limits, "other", 60).unwrap_err();
        assert_eq!((refusal.code, refusal.retry_after), ("tokens_per_day", DAY - 10));
        assert!(counters.admit(&limits, "third", 60).is_ok());
        let nothing = Limits { requests_per_hour: 0, ..limits };
        assert_eq!(counters.admit(&nothing, "fourth", 60).unwrap_err().retry_after, HOUR);
    }
}
