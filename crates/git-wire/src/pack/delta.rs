//! Differences: an object told as pieces of another, and what is new.

/// A difference that can't be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// It is for an object of another size.
    #[error("it builds on an object of {expected} bytes, and that one has {found}")]
    BaseSize {
        /// The size that it was made for.
        expected: u64,
        /// The size of what is there.
        found: u64,
    },
    /// What it makes is larger than is read.
    #[error("it makes more than the {limit} bytes that are left")]
    TooLarge {
        /// What is left.
        limit: u64,
    },
    /// It copies from beyond the end of the other object.
    #[error("it copies from beyond the end of what it builds on")]
    Outside,
    /// It makes something of another size than it says.
    #[error("it makes something of another size than it says")]
    Size,
    /// It ends in the middle of an instruction, or has one that doesn't exist.
    #[error("its instructions are broken")]
    Broken,
}

/// How large the object will be.
///
/// # Errors
/// The difference doesn't begin as one.
pub(super) fn result_size(delta: &[u8]) -> Result<u64, DeltaError> {
    let mut rest = delta;
    size(&mut rest)?;
    size(&mut rest)
}

/// Makes the object, of at most `limit` bytes.
///
/// # Errors
/// It can't be made.
pub(super) fn apply(base: &[u8], delta: &[u8], limit: u64) -> Result<Vec<u8>, DeltaError> {
    let mut rest = delta;
    let expected = size(&mut rest)?;
    let found = base.len() as u64;
    if expected != found {
        return Err(DeltaError::BaseSize { expected, found });
    }
    let length = size(&mut rest)?;
    if length > limit {
        return Err(DeltaError::TooLarge { limit });
    }
    let length = usize::try_from(length).map_err(|_| DeltaError::TooLarge { limit })?;
    let mut made = Vec::with_capacity(length);
    while let Some(instruction) = next(&mut rest) {
        let piece = if instruction & 0x80 != 0 {
            let (offset, count) = copy(instruction, &mut rest)?;
            base.get(offset..offset + count).ok_or(DeltaError::Outside)?
        } else {
            let count = usize::from(instruction);
            if count == 0 || count > rest.len() {
                return Err(DeltaError::Broken);
            }
            let (new, after) = rest.split_at(count);
            rest = after;
            new
        };
        if made.len() + piece.len() > length {
            return Err(DeltaError::Size);
        }
        made.extend_from_slice(piece);
    }
    if made.len() == length { Ok(made) } else { Err(DeltaError::Size) }
}

fn next(bytes: &mut &[u8]) -> Option<u8> {
    let (&first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(first)
}

/// A size: seven bits a byte, the lowest first.
fn size(bytes: &mut &[u8]) -> Result<u64, DeltaError> {
    let mut size = 0_u64;
    for shift in (0..56).step_by(7) {
        let byte = next(bytes).ok_or(DeltaError::Broken)?;
        size |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(size);
        }
    }
    Err(DeltaError::Broken)
}

/// Offset and length: of their four and three bytes those are there whose bit is set.
fn copy(instruction: u8, bytes: &mut &[u8]) -> Result<(usize, usize), DeltaError> {
    let mut number = |bits: std::ops::Range<u8>| {
        let mut number = 0_usize;
        for (index, bit) in bits.enumerate() {
            if instruction & (1 << bit) != 0 {
                number |= usize::from(next(bytes).ok_or(DeltaError::Broken)?) << (8 * index);
            }
        }
        Ok(number)
    };
    let offset = number(0..4)?;
    let count = number(4..7)?;
    // A length of nothing stands for the most that older writers copied at once.
    Ok((offset, if count == 0 { 0x10000 } else { count }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn copies_and_news() {
        // 11 bytes → 9: copy 6 from 0, then `git`.
        let delta = [11, 9, 0b1001_0000, 6, 3, b'g', b'i', b't'];
        assert_eq!(apply(b"hello world", &delta, 100).unwrap(), b"hello git");
        assert_eq!(result_size(&delta), Ok(9));
        // Offset 6, length 5.
        assert_eq!(apply(b"hello world", &[11, 5, 0b1001_0001, 6, 5], 5).unwrap(), b"world");
    }

    #[test]
    fn a_length_of_nothing_is_64_kib() {
        let base = vec![1; 0x10000];
        let delta = [0x80, 0x80, 0x04, 0x80, 0x80, 0x04, 0b1000_0000];
        assert_eq!(apply(&base, &delta, 1 << 20).unwrap(), base);
    }

    #[test]
    fn what_cannot_be_applied() {
        let base = b"hello world";
        for (delta, error) in [
            (&[][..], DeltaError::Broken),
            (&[0xff; 20], DeltaError::Broken),
            (&[10, 1, 1, b'x'], DeltaError::BaseSize { expected: 10, found: 11 }),
            (&[11, 101, 1, b'x'], DeltaError::TooLarge { limit: 100 }),
            (&[11, 3, 0b1001_0001, 9, 3], DeltaError::Outside),
            (&[11, 3, 0b1001_0000, 6], DeltaError::Size),
            (&[11, 3, 2, b'x', b'y'], DeltaError::Size),
            (&[11, 3, 0], DeltaError::Broken),
            (&[11, 3, 5, b'x'], DeltaError::Broken),
            (&[11, 3, 0xff, 1], DeltaError::Broken),
        ] {
            assert_eq!(apply(base, delta, 100), Err(error), "{delta:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_applied_without_a_panic(
            base in proptest::collection::vec(any::<u8>(), 0..100),
            delta in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let sized = [&[u8::try_from(base.len()).unwrap()][..], &delta].concat();
            for delta in [&delta, &sized] {
                if let Ok(made) = apply(&base, delta, 1000) {
                    prop_assert!(made.len() <= 1000);
                }
            }
        }
    }
}
