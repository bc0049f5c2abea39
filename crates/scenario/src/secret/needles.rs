//! All the texts that are looked for, and where in a text it is worth looking.

use std::collections::BTreeMap;

use super::escapes;
use super::needle::Needle;

/// Needles by their first character.
#[derive(Clone, Default)]
pub(super) struct Needles {
    by_first: BTreeMap<char, Vec<Needle>>,
    /// For each byte that a needle can begin with: the bytes that can follow it. Whole pages go through here, and
    /// almost every place of them is turned away by these two looks.
    pairs: BTreeMap<u8, Box<[bool; 256]>>,
}

impl Needles {
    pub(super) fn insert(&mut self, needle: Needle) {
        let mut utf8 = [0; 4];
        let lead = needle.first().encode_utf8(&mut utf8).as_bytes();
        let followers = self.pairs.entry(lead[0]).or_insert_with(|| Box::new([false; 256]));
        match (lead, needle.second()) {
            // The rest of the character.
            ([_, next, ..], _) => followers[usize::from(*next)] = true,
            ([_], Some(second)) => {
                let mut utf8 = [0; 4];
                followers[usize::from(second.encode_utf8(&mut utf8).as_bytes()[0])] = true;
                // It may be written as an escape, and base64 may be broken into lines.
                (0..=u8::MAX)
                    .filter(|byte| escapes::is_lead(*byte))
                    .for_each(|byte| followers[usize::from(byte)] = true);
                [b'\r', b'\n'].into_iter().for_each(|byte| followers[usize::from(byte)] = true);
            }
            ([_], None) | ([], _) => followers.fill(true),
        }
        let needles = self.by_first.entry(needle.first()).or_default();
        if !needles.contains(&needle) {
            needles.push(needle);
        }
    }

    /// The needles that begin with this character.
    pub(super) fn starting_with(&self, first: char) -> impl Iterator<Item = &Needle> {
        self.by_first.get(&first).into_iter().flatten()
    }

    /// The places at which a needle may begin, in order: all at which one does are among them.
    pub(super) fn candidates<'a>(&'a self, text: &'a str) -> impl Iterator<Item = usize> + 'a {
        // Resolved once for a text, so that the look at a byte is one in an array.
        let mut followers: [Option<&[bool; 256]>; 256] = [None; 256];
        self.pairs.iter().for_each(|(lead, next)| followers[usize::from(*lead)] = Some(next));
        let escaped = !self.by_first.is_empty();
        let bytes = text.as_bytes();
        bytes.iter().enumerate().filter_map(move |(place, byte)| {
            let next = bytes.get(place + 1);
            let plain = followers[usize::from(*byte)]
                // At the end of the text only a needle of one character fits, which lets every follower pass.
                .is_some_and(|followers| followers[usize::from(next.copied().unwrap_or_default())]);
            (plain || (escaped && escapes::is_lead(*byte))).then_some(place)
        })
    }
}
