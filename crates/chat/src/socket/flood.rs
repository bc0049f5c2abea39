//! How fast a client may speak: a bucket of tokens for each connection, before anything is looked up or counted.

use std::time::Instant;

/// Messages that may come at once.
const BURST: f64 = 40.0;

/// Messages a second that may come forever.
const RATE: f64 = 10.0;

/// Messages beyond that which are told so. Who goes on is cut off.
const PATIENCE: u32 = 50;

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Read,
    /// Say that it is too fast.
    Refuse,
    /// Close the connection.
    Close,
}

/// The bucket of one connection.
#[derive(Debug)]
pub(super) struct Bucket {
    left: f64,
    filled: Instant,
    refused: u32,
}

impl Bucket {
    pub(super) fn new(now: Instant) -> Self {
        Self { left: BURST, filled: now, refused: 0 }
    }

    pub(super) fn admit(&mut self, now: Instant) -> Admission {
        self.left = (self.left + now.saturating_duration_since(self.filled).as_secs_f64() * RATE).min(BURST);
        self.filled = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            self.refused = 0;
            return Admission::Read;
        }
        self.refused += 1;
        if self.refused > PATIENCE { Admission::Close } else { Admission::Refuse }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_person_is_never_refused_and_a_flood_soon_cut_off() {
        let start = Instant::now();
        let mut person = Bucket::new(start);
        for second in 0..1_000 {
            assert_eq!(person.admit(start + Duration::from_secs(second)), Admission::Read);
        }
        let mut flood = Bucket::new(start);
        let answers: Vec<Admission> =
            (0..1_000).map(|nth| flood.admit(start + Duration::from_micros(100 * nth))).collect();
        let count = |admission| answers.iter().filter(|answer| **answer == admission).count();
        assert_eq!((count(Admission::Read), count(Admission::Refuse)), (40, 50));
        assert!(answers.ends_with(&[Admission::Close]));
    }

    #[test]
    fn who_slows_down_is_heard_again() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        while bucket.admit(start) == Admission::Read {}
        assert_eq!(bucket.admit(start + Duration::from_millis(200)), Admission::Read);
    }
}
