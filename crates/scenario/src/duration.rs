//! Spans of time as they are written: `500ms`, `10s`, `2m`, `1h`.

use std::time::Duration;

/// The longest that can be written.
const MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What is wrong with a text that should be a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It isn't a number with a unit.
    Form,
    /// It is a number without a unit.
    NoUnit,
    /// It is longer than a day.
    TooLong,
}

/// Reads a duration of at most a day: a decimal number, at once followed by `ms`, `s`, `m` or `h`.
pub fn parse(text: &str) -> Option<Duration> {
    read(text).ok()
}

/// The same, saying what is wrong.
pub(crate) fn read(text: &str) -> Result<Duration, Wrong> {
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, unit) = text.split_at(digits);
    // `.5` and `5.` are numbers to Rust, but hardly what somebody meant.
    if number.starts_with('.') || number.ends_with('.') {
        return Err(Wrong::Form);
    }
    let number: f64 = number.parse().map_err(|_| Wrong::Form)?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        "" => return Err(Wrong::NoUnit),
        _ => return Err(Wrong::Form),
    };
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= MAX => Ok(duration),
        _ => Err(Wrong::TooLong),
    }
}

/// The duration as it would be written, to three significant places of its unit: `150ms`, `1.25s`.
pub fn show(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let (number, unit) = if seconds < 1.0 { (seconds * 1000.0, "ms") } else { (seconds, "s") };
    let rounded = format!("{number:.3}");
    let rounded = rounded.trim_end_matches('0').trim_end_matches('.');
    format!("{rounded}{unit}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Wrong, parse, read, show};

    #[test]
    fn numbers_with_units() {
        let cases = [("500ms", 500), ("10s", 10_000), ("2m", 120_000), ("1.5s", 1_500), ("24h", 86_400_000), ("0s", 0)];
        for (text, milliseconds) in cases {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let cases = [
            ("", Wrong::Form),
            ("s", Wrong::Form),
            (".5s", Wrong::Form),
            ("5.s", Wrong::Form),
            ("1.2.3s", Wrong::Form),
            ("-1s", Wrong::Form),
            ("5 s", Wrong::Form),
            ("5S", Wrong::Form),
            ("5d", Wrong::Form),
            ("5", Wrong::NoUnit),
            ("25h", Wrong::TooLong),
            ("99999999999999999999999999999h", Wrong::TooLong),
        ];
        for (text, wrong) in cases {
            assert_eq!(read(text), Err(wrong), "{text}");
        }
    }

    #[test]
    fn shown_as_written() {
        for text in ["150ms", "1.25s", "10s", "0.5ms"] {
            assert_eq!(show(parse(text).expect("a duration")), text);
        }
        assert_eq!(show(Duration::from_secs(90)), "90s");
    }
}
