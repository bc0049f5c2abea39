//! Content of any size that can't be packed, made while it is sent.

use bytes::Bytes;
use git_wire::object::{Hasher, Kind, Object, ObjectId};
use git_wire::pack::{Compression, Writer};

/// How much is made at once, in bytes.
const PIECE: usize = 64 * 1024;

/// A file of bytes that look like chance: the same ones for the same seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Generated {
    /// How many bytes.
    pub(super) size: u64,
    /// Which of the many.
    pub(super) seed: u64,
}

impl Generated {
    /// Its content, piece by piece.
    pub(super) fn pieces(self) -> impl Iterator<Item = Vec<u8>> + Send {
        let (mut state, mut left) = (self.seed, self.size);
        std::iter::from_fn(move || {
            let length = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            if length == 0 {
                return None;
            }
            left -= length as u64;
            let mut piece = vec![0; length];
            for word in piece.chunks_mut(8) {
                word.copy_from_slice(&next(&mut state).to_le_bytes()[..word.len()]);
            }
            Some(piece)
        })
    }

    /// Its id.
    pub(super) fn id(self) -> ObjectId {
        let mut hash = Hasher::new(Kind::Blob, self.size);
        self.pieces().for_each(|piece| hash.update(&piece));
        hash.finish()
    }
}

/// SplitMix64, after its authors' paper: a step a call, each bit of the result from all bits of the state.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A request's beginning, then a pack of these objects and the generated file.
pub(super) fn stream(head: Vec<u8>, objects: Vec<Object>, generated: Generated) -> impl Iterator<Item = Bytes> + Send {
    let mut first = head;
    let count = u32::try_from(objects.len() + 1).unwrap_or(u32::MAX);
    let mut writer = Writer::begin(count, &mut first);
    objects.iter().for_each(|object| writer.object(object, Compression::Fast, &mut first));
    writer.begin_object(Kind::Blob, generated.size, Compression::Stored, &mut first);
    let mut pieces = generated.pieces();
    let mut writer = Some(writer);
    std::iter::once(Bytes::from(first)).chain(std::iter::from_fn(move || {
        let mut out = Vec::with_capacity(PIECE + 64);
        match (pieces.next(), &mut writer) {
            (_, None) => return None,
            (Some(piece), Some(writer)) => writer.piece(&piece, &mut out),
            (None, _) => {
                let mut writer = writer.take()?;
                writer.end_object(&mut out);
                writer.finish(&mut out);
            }
        }
        Some(Bytes::from(out))
    }))
}

#[cfg(test)]
mod tests {
    use git_wire::pack::{Limits, Reader};

    use super::*;

    #[test]
    fn the_pack_has_the_file_whose_id_was_told_before() {
        for size in [1, 7, 8, PIECE as u64, 3 * PIECE as u64 + 5] {
            let generated = Generated { size, seed: 7 };
            let mut reader = Reader::new(Limits { objects: 2, bytes: 1 << 20 });
            let mut stream = stream(b"head".to_vec(), vec![Object::blob("small")], generated);
            let first = stream.next().unwrap();
            reader.feed(first.strip_prefix(b"head").unwrap()).unwrap();
            stream.for_each(|piece| reader.feed(&piece).unwrap());
            let objects = reader.finish(&|_| None).unwrap();
            assert_eq!(objects[1].0, generated.id());
            assert_eq!(objects[1].1.data.len() as u64, size);
        }
    }

    #[test]
    fn it_cannot_be_packed() {
        let data: Vec<u8> = Generated { size: 100_000, seed: 1 }.pieces().flatten().collect();
        let mut out = Vec::new();
        Writer::begin(1, &mut Vec::new()).object(&Object::blob(data), Compression::Fast, &mut out);
        assert!(out.len() > 99_000, "{}", out.len());
    }
}
