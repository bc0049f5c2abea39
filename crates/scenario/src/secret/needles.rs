//! All the texts that are looked for, and where in a text it is worth looking.

use std::collections::BTreeMap;

use super::escapes;
use super::needle::Needle;

/// Needles by their first character.
#[derive(Clone, Default)]
pub(super) struct Needles {
    by_first: BTreeMap<char, Vec<Needle>>,
    pairs: Pairs,
}

impl Needles {
    pub(super) fn insert(&mut self, needle: Needle) {
        let mut utf8 = [0; 4];
        let lead = needle.first().encode_utf8(&mut utf8).as_bytes();
        match (lead, needle.second()) {
            // The rest of the character.
            ([first, next, ..], _) => self.pairs.add(*first, *next),
            ([first], Some(second)) => {
                let mut utf8 = [0; 4];
                self.pairs.add(*first, second.encode_utf8(&mut utf8).as_bytes()[0]);
                // It may be written as an escape, and base64 may be broken into lines.
                escapes::LEADS.iter().chain(b"\r\n").for_each(|next| self.pairs.add(*first, *next));
            }
            ([first], None) => self.pairs.add_all(*first),
            ([], _) => {}
        }
        // Any character may stand there as an escape.
        escapes::LEADS.iter().for_each(|lead| self.pairs.add_all(*lead));
        let needles = self.by_first.entry(needle.first()).or_default();
        if !needles.contains(&needle) {
            needles.push(needle);
        }
    }

    /// Inserts all of the others.
    pub(super) fn extend(&mut self, others: &Self) {
        others.by_first.values().flatten().for_each(|needle| self.insert(needle.clone()));
    }

    /// The needles that begin with this character.
    pub(super) fn starting_with(&self, first: char) -> impl Iterator<Item = &Needle> {
        self.by_first.get(&first).into_iter().flatten()
    }

    /// The places at which a needle may begin, in order: all at which one does are among them.
    pub(super) fn candidates<'a>(&'a self, text: &'a str) -> impl Iterator<Item = usize> + 'a {
        let bytes = text.as_bytes();
        bytes.iter().enumerate().filter_map(move |(place, byte)| {
            // At the end of the text only a needle of one character fits, which lets every follower pass.
            let next = bytes.get(place + 1).copied().unwrap_or_default();
            self.pairs.has(*byte, next).then_some(place)
        })
    }
}

/// With which two bytes a needle can begin, a bit for each. Whole pages go through here, and almost every place of them
/// is turned away by this one look.
#[derive(Clone)]
struct Pairs(Box<[u64; 1024]>);

impl Default for Pairs {
    fn default() -> Self {
        Self(Box::new([0; 1024]))
    }
}

impl Pairs {
    fn add(&mut self, first: u8, second: u8) {
        let pair = usize::from(u16::from_be_bytes([first, second]));
        self.0[pair / 64] |= 1 << (pair % 64);
    }

    fn add_all(&mut self, first: u8) {
        self.0[usize::from(first) * 4..][..4].fill(u64::MAX);
    }

    fn has(&self, first: u8, second: u8) -> bool {
        let pair = usize::from(u16::from_be_bytes([first, second]));
        self.0[pair / 64] >> (pair % 64) & 1 == 1
    }
}
