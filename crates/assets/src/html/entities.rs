//! Character references in attribute values (HTML standard, "Character reference state"): numbers, and the names that occur in addresses.

use std::borrow::Cow;

/// The names that are resolved, of the standard's 2,231: others stay as they are written.
const NAMES: [(&str, char); 12] = [
    ("amp", '&'),
    ("AMP", '&'),
    ("lt", '<'),
    ("LT", '<'),
    ("gt", '>'),
    ("GT", '>'),
    ("quot", '"'),
    ("QUOT", '"'),
    ("apos;", '\''),
    ("nbsp", '\u{a0}'),
    ("sol;", '/'),
    ("colon;", ':'),
];

/// The value of an attribute.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '\r', '\0']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '\r', '\0']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match rest.as_bytes()[0] {
            b'&' => match reference(rest) {
                Some((character, length)) => {
                    out.push(character);
                    length
                }
                None => {
                    out.push('&');
                    1
                }
            },
            // Line ends are normalised before anything else.
            b'\r' => {
                out.push('\n');
                if rest[1..].starts_with('\n') { 2 } else { 1 }
            }
            _ => {
                out.push('\u{fffd}');
                1
            }
        };
        rest = &rest[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character that a text beginning with `&` stands for, and how long the reference is.
fn reference(text: &str) -> Option<(char, usize)> {
    let behind = &text[1..];
    if let Some(number) = behind.strip_prefix('#') {
        return numeric(number).map(|(character, length)| (character, length + 2));
    }
    let (name, character) = NAMES.iter().find(|(name, _)| behind.starts_with(name))?;
    let after = behind[name.len()..].chars().next();
    if name.ends_with(';') {
        return Some((*character, 1 + name.len()));
    }
    match after {
        Some(';') => Some((*character, name.len() + 2)),
        // As in `?a=1&lt=2` and `&amplitude`: in attributes that is text.
        Some(after) if after == '=' || after.is_ascii_alphanumeric() => None,
        _ => Some((*character, name.len() + 1)),
    }
}

/// A number behind `&#`, decimal or hexadecimal, and how much of the text it takes.
fn numeric(text: &str) -> Option<(char, usize)> {
    let (digits, radix) = match text.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let length = digits.find(|character: char| !character.is_digit(radix)).unwrap_or(digits.len());
    if length == 0 {
        return None;
    }
    // Leading zeros may be any number.
    let code = u32::from_str_radix(digits[..length].trim_start_matches('0'), radix);
    let character = match code {
        Ok(code @ 0x80..=0x9f) => windows_1252(code),
        Ok(code) => char::from_u32(code),
        Err(_) => None,
    };
    let semicolon = usize::from(digits[length..].starts_with(';'));
    let prefix = text.len() - digits.len();
    Some((character.unwrap_or('\u{fffd}'), prefix + length + semicolon))
}

/// What numbers of the C1 controls stand for ("numeric character reference end state").
fn windows_1252(code: u32) -> Option<char> {
    const TABLE: [u32; 32] = [
        0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d,
        0x017d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
        0x0153, 0x9d, 0x017e, 0x0178,
    ];
    let index = usize::try_from(code.checked_sub(0x80)?).ok()?;
    TABLE.get(index).copied().and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_as_in_attributes() {
        for (text, value) in [
            ("/x?a=1&amp;b=2", "/x?a=1&b=2"),
            ("/x?a=1&lt=2&amplitude=3&copy=4", "/x?a=1&lt=2&amplitude=3&copy=4"),
            ("&quot;&#47;&#x2F&#X2f;&#128;&#0;&#x110000;&#;&", "\"///€\u{fffd}\u{fffd}&#;&"),
            ("a\r\nb\rc", "a\nb\nc"),
            ("&amp&lt;", "&<"),
        ] {
            assert_eq!(decode(text), value, "{text}");
        }
    }
}
