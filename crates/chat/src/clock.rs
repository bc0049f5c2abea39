//! The wall clock, which is what limits and sessions go by: they survive a restart.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds since 1970. A clock before that counts as 1970.
pub fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The time at so many seconds since 1970.
pub fn at(seconds: u64) -> SystemTime {
    // What a database can hold a clock can show: seconds in SQLite are at most 63 bits.
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH)
}

/// A time as RFC 3339 has it, in UTC, to the millisecond.
pub fn text(time: SystemTime) -> String {
    match jiff::Timestamp::try_from(time) {
        Ok(timestamp) => format!("{timestamp:.3}"),
        Err(_) => "1970-01-01T00:00:00.000Z".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_seconds() {
        assert_eq!(seconds(at(1_700_000_000)), 1_700_000_000);
        assert_eq!(seconds(UNIX_EPOCH - Duration::from_secs(1)), 0);
        assert_eq!(text(at(1_700_000_000)), "2023-11-14T22:13:20.000Z");
    }
}
