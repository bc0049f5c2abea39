//! The ways in which a character can stand in a text: as itself, or as an escape of URLs, JSON, HTML or source code,
//! whose own characters may be escaped in turn.

/// How deep escapes are looked through: 3 covers a URL encoded twice inside of JSON.
const DEPTH: u8 = 3;

/// A character that a place of the text can be read as, and where it ends.
pub(super) type Reading = (char, usize);

/// The bytes with which an escape can start.
pub(super) const LEADS: [u8; 4] = *b"%+\\&";

/// Whether an escape can start with this byte.
pub(super) fn is_lead(byte: u8) -> bool {
    LEADS.contains(&byte)
}

/// All that the text can be read as at this place.
pub(super) fn readings(text: &str, start: usize) -> Vec<Reading> {
    let bytes = text.as_bytes();
    let next = bytes.get(start + 1).copied().unwrap_or_default();
    // Most leads of a page lead nowhere: `width: 50%;`, `a && b`.
    let leads_nowhere = match bytes.get(start) {
        Some(b'%') => !next.is_ascii_hexdigit(),
        Some(b'&') => !(next == b'#' || next.is_ascii_alphabetic() || is_lead(next)),
        _ => false,
    };
    read(text, start, if leads_nowhere { 0 } else { DEPTH })
}

/// Adds to `ends` every offset at which `character` may end that starts at this place.
pub(super) fn ends(text: &str, start: usize, character: char, ends: &mut Vec<usize>) {
    if text.as_bytes().get(start).is_some_and(|byte| is_lead(*byte)) {
        ends.extend(readings(text, start).into_iter().filter(|(read, _)| *read == character).map(|(_, end)| end));
    } else if text[start..].starts_with(character) {
        ends.push(start + character.len_utf8());
    }
}

fn read(text: &str, start: usize, depth: u8) -> Vec<Reading> {
    let Some(first) = text[start..].chars().next() else { return Vec::new() };
    if depth == 0 || !text.as_bytes().get(start).is_some_and(|byte| is_lead(*byte)) {
        return vec![(first, start + first.len_utf8())];
    }
    let mut readings = read(text, start, depth - 1);
    for (character, end) in readings.clone() {
        match character {
            '%' => percent(text, end, depth - 1, &mut readings),
            // application/x-www-form-urlencoded writes a space so.
            '+' => readings.push((' ', end)),
            '\\' => backslash(text, end, depth - 1, &mut readings),
            '&' => html(text, end, depth - 1, &mut readings),
            _ => {}
        }
    }
    readings.sort_unstable();
    readings.dedup();
    readings
}

/// Where one given character may end.
fn one(text: &str, start: usize, character: char, depth: u8) -> impl Iterator<Item = usize> {
    read(text, start, depth).into_iter().filter(move |(read, _)| *read == character).map(|(_, end)| end)
}

/// What follows a `%` (RFC 3986, section 2.1), and for a character of several bytes the others: `C3%A9`.
fn percent(text: &str, start: usize, depth: u8, out: &mut Vec<Reading>) {
    let Some((byte, end)) = hexadecimal(text, start, 2, 2) else { return };
    let length = match byte {
        0..0x80 => 1,
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => return,
    };
    let mut bytes = vec![byte as u8];
    let mut end = end;
    while bytes.len() < length {
        let next = one(text, end, '%', depth)
            .filter_map(|after| hexadecimal(text, after, 2, 2))
            .find(|(byte, _)| (0x80..0xc0).contains(byte));
        let Some((byte, after)) = next else { return };
        bytes.push(byte as u8);
        end = after;
    }
    if let Some(character) = std::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next()) {
        out.push((character, end));
    }
}

/// What may follow a backslash in JSON, JavaScript, Rust, Python and a shell.
fn backslash(text: &str, start: usize, depth: u8, out: &mut Vec<Reading>) {
    let bytes = text.as_bytes();
    let mut number = |found: Option<(u32, usize)>, skipped: usize| {
        let read = found.and_then(|(value, end)| Some((char::from_u32(value)?, end + skipped)));
        out.extend(read);
    };
    match bytes.get(start) {
        Some(b'u') => {
            number(utf16(text, start + 1), 0);
            if bytes.get(start + 1) == Some(&b'{') {
                number(hexadecimal(text, start + 2, 1, 6).filter(|(_, end)| bytes.get(*end) == Some(&b'}')), 1);
            }
        }
        Some(b'U') => number(hexadecimal(text, start + 1, 8, 8), 0),
        Some(b'x') => number(hexadecimal(text, start + 1, 2, 2), 0),
        Some(b'0'..=b'7') => {
            let digits = bytes[start..].iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            let value = bytes[start..start + digits].iter().fold(0, |value, digit| value * 8 + u32::from(digit - b'0'));
            number(Some((value, start + digits)), 0);
        }
        Some(letter) => {
            let meant = match letter {
                b'n' => Some('\n'),
                b'r' => Some('\r'),
                b't' => Some('\t'),
                b'b' => Some('\u{8}'),
                b'f' => Some('\u{c}'),
                b'v' => Some('\u{b}'),
                b'a' => Some('\u{7}'),
                b'e' => Some('\u{1b}'),
                _ => None,
            };
            out.extend(meant.map(|meant| (meant, start + 1)));
        }
        None => {}
    }
    let itself = |(character, _): &Reading| character.is_ascii_punctuation() || *character == ' ';
    out.extend(read(text, start, depth).into_iter().filter(itself));
}

/// The four digits after `\u`, and those of the second half of a pair.
fn utf16(text: &str, start: usize) -> Option<(u32, usize)> {
    let (first, end) = hexadecimal(text, start, 4, 4)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((first, end));
    }
    let (second, end) = hexadecimal(text, end + text.get(end..)?.strip_prefix("\\u").map(|_| 2)?, 4, 4)?;
    (0xdc00..0xe000).contains(&second).then(|| (0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00), end))
}

/// What may follow `&` in HTML: numeric references and the named ones of ASCII.
fn html(text: &str, start: usize, depth: u8, out: &mut Vec<Reading>) {
    for after in one(text, start, '#', depth) {
        let number = match text.as_bytes().get(after) {
            Some(b'x' | b'X') => hexadecimal(text, after + 1, 1, 8),
            _ => decimal(text, after),
        };
        if let Some((value, end)) = number
            && let Some(character) = char::from_u32(value)
        {
            out.extend(one(text, end, ';', depth).map(|end| (character, end)));
        }
    }
    let rest = &text[start..];
    let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    if let Some((_, meant)) = NAMED.iter().find(|(name, _)| *name == &rest[..letters]) {
        out.extend(one(text, start + letters, ';', depth).map(|end| (*meant, end)));
    }
}

/// Named character references of HTML for what ASCII has.
const NAMED: &[(&str, char)] = &[
    ("amp", '&'),
    ("AMP", '&'),
    ("lt", '<'),
    ("LT", '<'),
    ("gt", '>'),
    ("GT", '>'),
    ("quot", '"'),
    ("QUOT", '"'),
    ("apos", '\''),
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("midast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("hyphen", '-'),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("UnderBar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("verbar", '|'),
    ("vert", '|'),
    ("rcub", '}'),
    ("rbrace", '}'),
];

/// A number of at least `least` and at most `most` hexadecimal digits at `start`, and where it ends.
fn hexadecimal(text: &str, start: usize, least: usize, most: usize) -> Option<(u32, usize)> {
    let digits = text.as_bytes().get(start..)?.iter().take(most).map_while(|byte| char::from(*byte).to_digit(16));
    let (value, count) = digits.fold((0_u32, 0), |(value, count), digit| (value.wrapping_mul(16) + digit, count + 1));
    (count >= least).then_some((value, start + count))
}

/// A decimal number of up to 8 digits at `start`, and where it ends.
fn decimal(text: &str, start: usize) -> Option<(u32, usize)> {
    let digits = text.as_bytes().get(start..)?.iter().take(8).map_while(|byte| char::from(*byte).to_digit(10));
    let (value, count) = digits.fold((0_u32, 0), |(value, count), digit| (value * 10 + digit, count + 1));
    (count > 0).then_some((value, start + count))
}

#[cfg(test)]
mod tests {
    use super::ends;

    #[test]
    fn a_character_is_recognised_in_every_form() {
        let cases: &[(&str, char)] = &[
            ("%41", 'A'),
            ("%2541", 'A'),
            ("%252541", 'A'),
            ("%2f", '/'),
            ("%2F", '/'),
            ("%C3%a9", 'é'),
            ("%25C3%25A9", 'é'),
            ("+", ' '),
            ("%20", ' '),
            ("%2B", ' '),
            ("\\\"", '"'),
            ("\\&quot;", '"'),
            ("\\u00e9", 'é'),
            ("\\uD83D\\ude00", '😀'),
            ("\\u{1f600}", '😀'),
            ("\\U0001f600", '😀'),
            ("\\x27", '\''),
            ("\\054", ','),
            ("\\n", '\n'),
            ("\\/", '/'),
            ("%5Cn", '\n'),
            ("&amp;", '&'),
            ("&#39;", '\''),
            ("&#x27;", '\''),
            ("&#128512;", '😀'),
            ("&amp;amp;", '&'),
            ("%26amp%3B", '&'),
            ("\\u0026", '&'),
        ];
        for (text, character) in cases {
            let mut found = Vec::new();
            ends(text, 0, *character, &mut found);
            assert!(found.contains(&text.len()), "{text} as {character:?}: {found:?}");
        }
    }

    #[test]
    fn broken_escapes_are_not_characters() {
        for text in
            ["%", "%4", "%4g", "\\", "\\u", "\\u00", "\\uD83D\\u", "&", "&#", "&#x", "&#39", "\\u{", "\\x2", "&lt"]
        {
            for character in ['A', '\'', '😀', '<'] {
                let mut found = Vec::new();
                ends(text, 0, character, &mut found);
                assert!(found.is_empty(), "{text} as {character:?}: {found:?}");
            }
        }
    }
}
