//! Setting of lines: cleaning, cutting, wrapping, numbers with units. Widths are cells of a terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The text on one line, with whatever could disturb a terminal, hide something, or command what reads logs written as
/// an escape: the site chooses much of what is shown.
pub(crate) fn one_line(text: &str) -> String {
    without_commands(&scenario::text::one_line(text))
}

/// The same, but line feeds stay.
pub(super) fn lines(text: &str) -> String {
    without_commands(&scenario::text::lines(text))
}

/// The text without GitHub's older workflow commands (`##[add-mask]…`), which its runner obeys anywhere in a line of a
/// log.
pub(super) fn without_commands(text: &str) -> String {
    text.replace("##[", "#\\u{23}[")
}

/// The line without a workflow command (`::stop-commands::…`), which GitHub's runner obeys at the start of a line. Three
/// colons are none; diagnostics point with them.
pub(super) fn without_leading_command(line: &str) -> String {
    let content = line.trim_start();
    match content.strip_prefix("::") {
        Some(rest) if !rest.starts_with(':') => {
            let indent = &line[..line.len() - content.len()];
            format!("{indent}\\u{{3a}}:{rest}")
        }
        _ => line.to_owned(),
    }
}

/// The cells that the text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text cut in its middle to at most `room` cells: the ends of a name or a path tell more than its middle.
pub(super) fn shorten(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let Some(kept) = room.checked_sub(1) else { return String::new() };
    let head = take(text.chars(), kept / 2);
    let tail: String = take(text.chars().rev(), kept - kept / 2).chars().rev().collect();
    let cut = format!("{head}…{tail}");
    // Cells don't always add up: a character can join with the one before it.
    if width(&cut) <= room { cut } else { take(cut.chars(), room) }
}

fn take(characters: impl Iterator<Item = char>, room: usize) -> String {
    let mut used = 0;
    characters
        .take_while(|character| {
            used += character.width().unwrap_or(0);
            used <= room
        })
        .collect()
}

/// The text cut and filled up to exactly `room` cells, to the left.
pub(super) fn left(text: &str, room: usize) -> String {
    let text = shorten(text, room);
    let fill = " ".repeat(room.saturating_sub(width(&text)));
    text + &fill
}

/// The text cut and filled up to exactly `room` cells, to the right.
pub(super) fn right(text: &str, room: usize) -> String {
    let text = shorten(text, room);
    " ".repeat(room.saturating_sub(width(&text))) + &text
}

/// The text broken at spaces into lines of at most `room` cells; a longer word stands on a line of its own, whole, so
/// that a URL can be copied.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut words = text.split(' ');
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        if !line.is_empty() && width(&line) + 1 + width(word) > room {
            lines.push(std::mem::replace(&mut line, word.to_owned()));
        } else {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.push(line);
    lines
}

/// Milliseconds as people write them: `0.4 ms`, `48 ms`, `1.24 s`, `2m05s`.
pub(super) fn duration(milliseconds: f64) -> String {
    let milliseconds = if milliseconds.is_finite() { milliseconds.max(0.0) } else { 0.0 };
    if milliseconds < 9.95 {
        format!("{milliseconds:.1} ms")
    } else if milliseconds < 999.5 {
        format!("{milliseconds:.0} ms")
    } else if milliseconds < 59_995.0 {
        format!("{:.2} s", milliseconds / 1000.0)
    } else {
        let seconds = (milliseconds / 1000.0).round();
        format!("{:.0}m{:02.0}s", (seconds / 60.0).floor(), seconds % 60.0)
    }
}

/// A number of bytes as people write it: `0 bytes`, `1.5 KiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut amount = bytes;
    let mut rest = 0;
    let mut unit = None;
    for name in UNITS {
        if amount < 1024 {
            break;
        }
        (rest, amount, unit) = (amount % 1024, amount / 1024, Some(name));
    }
    match unit {
        None => count(usize::try_from(bytes).unwrap_or(usize::MAX), "byte"),
        Some(unit) => format!("{amount}.{} {unit}", rest * 10 / 1024),
    }
}

/// `1 step`, `2 steps`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_middle_goes_first() {
        assert_eq!(shorten("scenarios/forge-login.yaml", 26), "scenarios/forge-login.yaml");
        assert_eq!(shorten("scenarios/forge-login.yaml", 15), "scenari…in.yaml");
        assert_eq!(shorten("漢字漢字漢字", 6), "漢…字");
        assert_eq!(shorten("abc", 1), "…");
        assert_eq!(shorten("abc", 0), "");
    }

    #[test]
    fn columns_are_filled_to_their_width() {
        assert_eq!(left("ab", 4), "ab  ");
        assert_eq!(right("ab", 4), "  ab");
        assert_eq!(left("abcdef", 4), "a…ef");
    }

    #[test]
    fn words_are_kept_whole() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("see http://a.test/long here", 8), ["see", "http://a.test/long", "here"]);
        assert_eq!(wrap("", 8), [""]);
    }

    #[test]
    fn durations_and_sizes_read_well() {
        let durations = [
            (0.04, "0.0 ms"),
            (0.44, "0.4 ms"),
            (9.96, "10 ms"),
            (999.4, "999 ms"),
            (999.6, "1.00 s"),
            (1240.0, "1.24 s"),
            (59_999.0, "1m00s"),
            (125_000.0, "2m05s"),
            (f64::NAN, "0.0 ms"),
            (-1.0, "0.0 ms"),
        ];
        for (milliseconds, expected) in durations {
            assert_eq!(duration(milliseconds), expected, "{milliseconds}");
        }
        let sizes = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (1536, "1.5 KiB"),
            (10 << 20, "10.0 MiB"),
            (u64::MAX, "15.9 EiB"),
        ];
        for (bytes, expected) in sizes {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn workflow_commands_are_disarmed() {
        assert_eq!(one_line("a ##[add-mask]b"), "a #\\u{23}[add-mask]b");
        assert_eq!(without_leading_command("  ::error::x"), "  \\u{3a}:error::x");
        for harmless in ["a ::error::x", "  ::: file.yaml:3:4", ": x", ""] {
            assert_eq!(without_leading_command(harmless), harmless);
        }
    }

    proptest! {
        #[test]
        fn cut_text_fits(text in "\\PC{0,40}", room in 0..30_usize) {
            let text = one_line(&text);
            prop_assert!(width(&shorten(&text, room)) <= room);
            prop_assert_eq!(width(&left(&text, room)), room);
            prop_assert_eq!(width(&right(&text, room)), room);
        }

        #[test]
        fn clean_text_has_no_control_characters(text in any::<String>()) {
            prop_assert!(!one_line(&text).chars().any(char::is_control));
            prop_assert!(!lines(&text).chars().any(|character| character.is_control() && character != '\n'));
        }

        #[test]
        fn wrapping_loses_nothing(text in "[a-z ]{0,60}", room in 1..20_usize) {
            prop_assert_eq!(wrap(&text, room).join(" "), text);
        }
    }
}
