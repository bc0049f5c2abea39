//! Text made fit for showing: control characters visible, long values shortened.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether showing this character as it is could hide, move or recolour what stands around it: control characters,
/// and the invisible and direction-changing ones of Unicode.
fn is_treacherous(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The text with every character that can't be seen, or that would disturb a terminal, written as an escape; line
/// feeds too, so that the result is one line.
pub fn one_line(text: &str) -> Cow<'_, str> {
    visible(text, false)
}

/// The same, but line feeds stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    visible(text, true)
}

fn visible(text: &str, keep_line_feeds: bool) -> Cow<'_, str> {
    let keep = |character: char| keep_line_feeds && character == '\n';
    if !text.chars().any(|character| is_treacherous(character) && !keep(character)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            character if keep(character) => out.push(character),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push_str("\\0"),
            character if is_treacherous(character) => {
                // Writing to a string can't fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
            }
            character => out.push(character),
        }
    }
    Cow::Owned(out)
}

/// A count of bytes as people write it: `312 bytes`, `1.5 KiB`, `10 MiB`.
pub(crate) fn size(bytes: usize) -> String {
    let (unit, name) = match bytes {
        0..1024 => return if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") },
        1024..1_048_576 => (1024, "KiB"),
        _ => (1_048_576, "MiB"),
    };
    let tenths = (bytes * 10 + unit / 2) / unit;
    if tenths.is_multiple_of(10) {
        format!("{} {name}", tenths / 10)
    } else {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    }
}

/// A list as people say it: `a, b or c`.
pub(crate) fn alternatives<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} or {}", first.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{alternatives, lines, one_line, size};

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        assert_eq!(one_line("a\u{1b}[31mb\r\n\tc\u{202e}"), "a\\u{1b}[31mb\\r\\n\\tc\\u{202e}");
        assert_eq!(lines("a\nb\u{0}"), "a\nb\\0");
        assert_eq!(one_line("größe 漢字"), "größe 漢字");
    }

    #[test]
    fn sizes_are_rounded_to_tenths() {
        let cases = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (10 << 20, "10 MiB"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn lists_end_in_or() {
        assert_eq!(alternatives(&["a"]), "a");
        assert_eq!(alternatives(&["a", "b", "c"]), "a, b or c");
    }
}
