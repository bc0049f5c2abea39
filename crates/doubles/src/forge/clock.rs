//! The time of day, as tokens and the API write it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// RFC 3339, to the second, in UTC.
pub(super) fn rfc3339(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    moment.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn to_the_second() {
        assert_eq!(super::rfc3339(1_795_237_661), "2026-11-21T05:07:41Z");
        assert_eq!(super::rfc3339(u64::MAX), "1970-01-01T00:00:00Z");
    }
}
