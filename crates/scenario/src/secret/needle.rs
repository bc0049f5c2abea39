//! One text that is looked for, in all the ways in which its characters can stand.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::escapes;

/// A text to look for.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Needle {
    characters: Vec<char>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The secret itself.
    Plain {
        /// No letter or digit may adjoin.
        whole_word: bool,
    },
    /// The characters of a base64 text that the secret alone determines.
    Base64 {
        /// The character before carries some of the secret's bits too.
        open_start: bool,
        /// The character after carries some of the secret's bits too.
        open_end: bool,
    },
}

impl Needle {
    pub(super) fn plain(secret: &str, whole_word: bool) -> Self {
        Self { characters: secret.chars().collect(), kind: Kind::Plain { whole_word } }
    }

    /// The base64 forms of a secret: both alphabets (RFC 4648, sections 4 and 5), and each of the three places within
    /// a group of three bytes at which it can start.
    pub(super) fn base64(secret: &[u8]) -> Vec<Self> {
        let mut needles = Vec::new();
        for before in 0..3 {
            let mut bytes = vec![0; before];
            bytes.extend_from_slice(secret);
            // A character stands for 6 bits; those that hold only bits of the secret are the same in every text.
            let first = (before * 8).div_ceil(6);
            let last = bytes.len() * 8 / 6;
            let kind = Kind::Base64 { open_start: before != 0, open_end: !(bytes.len() * 8).is_multiple_of(6) };
            for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
                let characters: Vec<char> = encoded[first..last].chars().collect();
                let needle = Self { characters, kind };
                if !needles.contains(&needle) {
                    needles.push(needle);
                }
            }
        }
        needles
    }

    pub(super) fn first(&self) -> char {
        self.characters.first().copied().unwrap_or_default()
    }

    pub(super) fn second(&self) -> Option<char> {
        self.characters.get(1).copied()
    }

    /// The longest stretch from `start` on that is this text; `end` is where its first character ends.
    pub(super) fn find(&self, text: &str, start: usize, end: usize) -> Option<Range<usize>> {
        let mut positions = vec![end];
        let mut next = Vec::new();
        for character in &self.characters[1..] {
            next.clear();
            for position in &positions {
                escapes::ends(text, *position, *character, &mut next);
                if matches!(self.kind, Kind::Base64 { .. }) {
                    let after_break = skip_line_break(text, *position);
                    if after_break != *position {
                        escapes::ends(text, after_break, *character, &mut next);
                    }
                }
            }
            next.sort_unstable();
            next.dedup();
            std::mem::swap(&mut positions, &mut next);
            if positions.is_empty() {
                return None;
            }
        }
        let bytes = text.as_bytes();
        match self.kind {
            Kind::Plain { whole_word: false } => positions.last().map(|end| start..*end),
            Kind::Plain { whole_word: true } => {
                let free = |byte: Option<&u8>| !byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
                let before = start.checked_sub(1).and_then(|before| bytes.get(before));
                let end = positions.iter().rev().find(|end| free(bytes.get(**end)))?;
                free(before).then_some(start..*end)
            }
            Kind::Base64 { open_start, open_end } => {
                let end = *positions.last()?;
                let end = if open_end { end + one_base64_character(&bytes[end..]) } else { end };
                let start = if open_start { start - one_base64_character_before(&bytes[..start]) } else { start };
                Some(start..end)
            }
        }
    }
}

/// Where the text goes on after a line break as MIME and PEM put them into base64, written as such or escaped.
fn skip_line_break(text: &str, start: usize) -> usize {
    let breaks = ["\r\n", "\n", "\\r\\n", "\\n", "%0D%0A", "%0A"];
    breaks.iter().find(|line_break| text[start..].starts_with(**line_break)).map_or(start, |found| start + found.len())
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// How many bytes the base64 character takes with which the text begins: 0 where there is none.
fn one_base64_character(text: &[u8]) -> usize {
    match text {
        [b'%', b'2', b'B' | b'b' | b'F' | b'f', ..] => 3,
        [byte, ..] if is_base64(*byte) => 1,
        _ => 0,
    }
}

/// The same for the end of the text.
fn one_base64_character_before(text: &[u8]) -> usize {
    match text {
        [.., b'%', b'2', b'B' | b'b' | b'F' | b'f'] => 3,
        [.., byte] if is_base64(*byte) => 1,
        _ => 0,
    }
}
