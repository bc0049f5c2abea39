//! The ways in which a character can stand in a text: as itself, or as an escape of URLs, JSON, HTML or source code,
//! whose own characters may be escaped in turn.

/// How deep escapes are looked through: 3 covers a URL encoded twice inside of JSON.
pub(super) const DEPTH: u8 = 3;

/// Whether an escape can start with this byte.
pub(super) fn is_lead(byte: u8) -> bool {
    matches!(byte, b'%' | b'+' | b'\\' | b'&')
}

/// Adds to `ends` every offset at which `character`, standing at `start` in one form or another, may end.
pub(super) fn ends(text: &[u8], start: usize, character: char, depth: u8, ends: &mut Vec<usize>) {
    let mut buffer = [0; 4];
    let encoded = character.encode_utf8(&mut buffer).as_bytes();
    let Some(rest) = text.get(start..) else { return };
    if rest.starts_with(encoded) {
        ends.push(start + encoded.len());
    }
    if depth == 0 || !rest.first().is_some_and(|byte| is_lead(*byte)) {
        return;
    }
    percent(text, start, encoded, depth - 1, ends);
    if character == ' ' {
        // application/x-www-form-urlencoded writes a space so.
        self::ends(text, start, '+', depth - 1, ends);
    }
    for after in lead(text, start, '\\', depth - 1) {
        backslash(text, after, character, depth - 1, ends);
    }
    for after in lead(text, start, '&', depth - 1) {
        html(text, after, character, depth - 1, ends);
    }
}

/// Where an escape's first character may end.
fn lead(text: &[u8], start: usize, character: char, depth: u8) -> Vec<usize> {
    let mut found = Vec::new();
    ends(text, start, character, depth, &mut found);
    found
}

/// `%C3%A9`, in either case (RFC 3986, section 2.1).
fn percent(text: &[u8], start: usize, encoded: &[u8], depth: u8, out: &mut Vec<usize>) {
    let mut starts = vec![start];
    for byte in encoded {
        let mut next = Vec::new();
        for after in starts.iter().flat_map(|start| lead(text, *start, '%', depth)) {
            if hexadecimal(text, after, 2, 2).is_some_and(|(value, _)| value == u32::from(*byte)) {
                next.push(after + 2);
            }
        }
        starts = next;
    }
    out.extend(starts);
}

/// What may follow a backslash in JSON, JavaScript, Rust, Python and a shell.
fn backslash(text: &[u8], start: usize, character: char, depth: u8, out: &mut Vec<usize>) {
    let code = u32::from(character);
    match text.get(start) {
        Some(b'u') => {
            let mut units = [0; 2];
            let units = character.encode_utf16(&mut units);
            if let Some((value, end)) = hexadecimal(text, start + 1, 4, 4) {
                match units {
                    [only] if value == u32::from(*only) => out.push(end),
                    [high, low] if value == u32::from(*high) && text[end..].starts_with(b"\\u") => {
                        if let Some((value, end)) = hexadecimal(text, end + 2, 4, 4)
                            && value == u32::from(*low)
                        {
                            out.push(end);
                        }
                    }
                    _ => {}
                }
            }
            if text.get(start + 1) == Some(&b'{')
                && let Some((value, end)) = hexadecimal(text, start + 2, 1, 6)
                && value == code
                && text.get(end) == Some(&b'}')
            {
                out.push(end + 1);
            }
        }
        Some(b'U') => {
            if let Some((value, end)) = hexadecimal(text, start + 1, 8, 8)
                && value == code
            {
                out.push(end);
            }
        }
        Some(b'x') => {
            if let Some((value, end)) = hexadecimal(text, start + 1, 2, 2)
                && value == code
            {
                out.push(end);
            }
        }
        Some(b'0'..=b'7') => {
            let digits = text[start..].iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            let value = text[start..start + digits].iter().fold(0, |value, digit| value * 8 + u32::from(digit - b'0'));
            if value == code {
                out.push(start + digits);
            }
        }
        Some(letter) => {
            let meant = match letter {
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'v' => '\u{b}',
                b'a' => '\u{7}',
                b'e' => '\u{1b}',
                _ => '\0',
            };
            if meant == character && character != '\0' {
                out.push(start + 1);
            }
        }
        None => {}
    }
    if character.is_ascii_punctuation() || character == ' ' {
        ends(text, start, character, depth, out);
    }
}

/// What may follow `&` in HTML: numeric references and the named ones of ASCII.
fn html(text: &[u8], start: usize, character: char, depth: u8, out: &mut Vec<usize>) {
    let code = u32::from(character);
    for after in lead(text, start, '#', depth) {
        let number = match text.get(after) {
            Some(b'x' | b'X') => hexadecimal(text, after + 1, 1, 8),
            _ => decimal(text, after),
        };
        if let Some((value, end)) = number
            && value == code
        {
            ends(text, end, ';', depth, out);
        }
    }
    for (name, meant) in NAMED {
        if *meant == character && text[start..].starts_with(name.as_bytes()) {
            ends(text, start + name.len(), ';', depth, out);
        }
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
fn hexadecimal(text: &[u8], start: usize, least: usize, most: usize) -> Option<(u32, usize)> {
    let digits = text.get(start..)?.iter().take(most).map_while(|byte| char::from(*byte).to_digit(16));
    let (value, count) = digits.fold((0_u32, 0), |(value, count), digit| (value.wrapping_mul(16) + digit, count + 1));
    (count >= least).then_some((value, start + count))
}

/// A decimal number of up to 8 digits at `start`, and where it ends.
fn decimal(text: &[u8], start: usize) -> Option<(u32, usize)> {
    let digits = text.get(start..)?.iter().take(8).map_while(|byte| char::from(*byte).to_digit(10));
    let (value, count) = digits.fold((0_u32, 0), |(value, count), digit| (value * 10 + digit, count + 1));
    (count > 0).then_some((value, start + count))
}

#[cfg(test)]
mod tests {
    use super::{DEPTH, ends};

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
            ends(text.as_bytes(), 0, *character, DEPTH, &mut found);
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
                ends(text.as_bytes(), 0, character, DEPTH, &mut found);
                assert!(found.is_empty(), "{text} as {character:?}: {found:?}");
            }
        }
    }
}
