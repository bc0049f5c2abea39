//! What stands before each object of a pack: its type, its size, and what it builds on.

use crate::object::{Kind, ObjectId};

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// An object as it is.
    Whole(Kind),
    /// A difference from the entry that begins so many bytes before.
    Before(u64),
    /// A difference from an object.
    Id(ObjectId),
}

/// What stands before an entry's compressed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) base: Base,
    /// How many bytes it is, unpacked.
    pub(super) size: u64,
}

/// Reads a header that all bytes belong to; `Ok(None)` where more are needed.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Header>, &'static str> {
    let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
    let mut size = u64::from(first & 0x0f);
    let mut more = first & 0x80 != 0;
    let mut shift = 4;
    let mut rest = rest.iter();
    while more {
        let Some(&byte) = rest.next() else { return Ok(None) };
        if shift > 53 {
            return Err("a size can't be this large");
        }
        size |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        more = byte & 0x80 != 0;
    }
    let base = match (first >> 4) & 0b111 {
        1 => Base::Whole(Kind::Commit),
        2 => Base::Whole(Kind::Tree),
        3 => Base::Whole(Kind::Blob),
        4 => Base::Whole(Kind::Tag),
        6 => match offset(rest.as_slice())? {
            Some(offset) => Base::Before(offset),
            None => return Ok(None),
        },
        7 => match <[u8; 20]>::try_from(rest.as_slice()) {
            Ok(id) => Base::Id(ObjectId::from_bytes(id)),
            Err(_) => return Ok(None),
        },
        _ => return Err("there is no such type of object"),
    };
    Ok(Some(Header { base, size }))
}

/// Seven bits a byte, the highest first; each further byte adds one, so that no number can be written in two ways.
fn offset(bytes: &[u8]) -> Result<Option<u64>, &'static str> {
    let mut offset = 0_u64;
    for (index, byte) in bytes.iter().enumerate() {
        if index > 7 {
            return Err("an offset can't be this large");
        }
        offset = (offset << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok(Some(offset));
        }
        offset += 1;
    }
    Ok(None)
}

/// Adds the header of an object as it is.
pub(super) fn write(out: &mut Vec<u8>, kind: Kind, size: u64) {
    let number: u8 = match kind {
        Kind::Commit => 1,
        Kind::Tree => 2,
        Kind::Blob => 3,
        Kind::Tag => 4,
    };
    let low = |value: u64, mask: u8| value.to_le_bytes()[0] & mask;
    let mut byte = number << 4 | low(size, 0x0f);
    let mut rest = size >> 4;
    while rest > 0 {
        out.push(byte | 0x80);
        byte = low(rest, 0x7f);
        rest >>= 7;
    }
    out.push(byte);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_kinds_come_back() {
        for kind in [Kind::Commit, Kind::Tree, Kind::Blob, Kind::Tag] {
            for size in [0, 1, 15, 16, 127, 2047, 2048, 50_000_000, 1 << 40] {
                let mut bytes = Vec::new();
                write(&mut bytes, kind, size);
                assert_eq!(read(&bytes), Ok(Some(Header { base: Base::Whole(kind), size })));
                assert_eq!(read(&bytes[..bytes.len() - 1]), Ok(None));
            }
        }
    }

    #[test]
    fn offsets() {
        // One byte up to 127; two from 128, which is 0x80 0x00.
        for (bytes, expected) in [(&[0x7f][..], 127), (&[0x80, 0x00], 128), (&[0x80, 0x7f], 255), (&[0x81, 0x00], 256)]
        {
            assert_eq!(offset(bytes), Ok(Some(expected)));
        }
        assert_eq!(offset(&[0x80]), Ok(None));
        assert!(offset(&[0xff; 9]).is_err());
    }

    #[test]
    fn what_cannot_be() {
        assert!(read(&[0x00]).is_err() && read(&[0x50]).is_err());
        assert!(read(&[0xff; 12]).is_err());
    }
}
