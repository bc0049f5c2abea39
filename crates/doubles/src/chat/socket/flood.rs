//! How fast a client may speak.

use std::time::Instant;

/// Messages that may come at once, and then so many a second.
const BURST: f64 = 40.0;
const RATE: f64 = 10.0;
/// How many beyond that are told so, before the connection is closed.
const PATIENCE: u32 = 50;

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Read,
    Refused,
    /// And so is the connection.
    Closed,
}

/// What is left to a client.
#[derive(Debug)]
pub(super) struct Budget {
    left: f64,
    since: Instant,
    refused: u32,
}

impl Budget {
    pub(super) fn new(now: Instant) -> Self {
        Self { left: BURST, since: now, refused: 0 }
    }

    pub(super) fn take(&mut self, now: Instant) -> Fate {
        let earned = now.saturating_duration_since(self.since).as_secs_f64() * RATE;
        (self.left, self.since) = ((self.left + earned).min(BURST), now);
        if self.left >= 1.0 {
            (self.left, self.refused) = (self.left - 1.0, 0);
            return Fate::Read;
        }
        self.refused += 1;
        if self.refused > PATIENCE { Fate::Closed } else { Fate::Refused }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_off() {
        let now = Instant::now();
        let mut budget = Budget::new(now);
        let fates: Vec<Fate> = (0..100).map(|_| budget.take(now)).collect();
        assert_eq!(
            (fates[39], fates[40], fates[89], fates[90]),
            (Fate::Read, Fate::Refused, Fate::Refused, Fate::Closed)
        );
        assert_eq!(budget.take(now + std::time::Duration::from_secs(1)), Fate::Read);
    }
}
