use proptest::prelude::*;

use super::*;
use crate::object::{Hasher, Kind, Object};

const LIMITS: Limits = Limits { objects: 1000, bytes: 1 << 20 };

fn pack(objects: &[Object], compression: Compression) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::begin(u32::try_from(objects.len()).unwrap(), &mut out);
    for object in objects {
        writer.object(object, compression, &mut out);
    }
    writer.finish(&mut out);
    out
}

/// A pack of entries as they are: header bytes, then content to be compressed. The checksum is right.
fn raw(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    use std::io::Write as _;

    use sha1::{Digest, Sha1};
    let count = u32::try_from(entries.len()).unwrap();
    let mut out = [&b"PACK\0\0\0\x02"[..], &count.to_be_bytes()].concat();
    for (head, data) in entries {
        out.extend_from_slice(head);
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).unwrap();
        out.extend(encoder.finish().unwrap());
    }
    let sum: [u8; 20] = Sha1::digest(&out).into();
    out.extend_from_slice(&sum);
    out
}

fn read(pack: &[u8], limits: Limits, piece: usize) -> Result<Vec<(ObjectId, Object)>, PackError> {
    let mut reader = Reader::new(limits);
    for piece in pack.chunks(piece.max(1)) {
        reader.feed(piece)?;
    }
    reader.finish(&|_| None)
}

fn delta_head(number: u8, size: usize, base: &[u8]) -> Vec<u8> {
    assert!(size < 16);
    [&[number << 4 | u8::try_from(size).unwrap()][..], base].concat()
}

#[test]
fn differences_are_applied_whatever_their_order() {
    // `hello world` → `hello git` → `git`; the second by place, the third by id and before what it builds on.
    let base = Object::blob("hello world");
    let middle = Object::blob("hello git");
    let last = vec![9, 3, 0b1001_0001, 6, 3];
    let second = vec![11, 9, 0b1001_0000, 6, 3, b'g', b'i', b't'];
    let head_of_base = vec![0x3b];
    let packed_base = raw(&[(head_of_base.clone(), base.data.clone())]).len() - 12 - 20;
    let by_place = delta_head(6, second.len(), &[u8::try_from(packed_base).unwrap()]);
    let pack = raw(&[
        (delta_head(7, last.len(), middle.id().as_bytes()), last),
        (head_of_base, base.data.clone()),
        (by_place, second),
    ]);
    for piece in [1, 7, 10_000] {
        let texts: Vec<_> = read(&pack, LIMITS, piece)
            .unwrap()
            .into_iter()
            .map(|(id, object)| {
                assert_eq!(id, object.id());
                String::from_utf8(object.data).unwrap()
            })
            .collect();
        assert_eq!(texts, ["git", "hello world", "hello git"]);
    }
}

#[test]
fn a_thin_pack_builds_on_what_is_there() {
    let base = std::sync::Arc::new(Object::blob("hello world"));
    let delta = vec![11, 5, 0b1001_0001, 6, 5];
    let pack = raw(&[(delta_head(7, delta.len(), base.id().as_bytes()), delta)]);
    assert_eq!(read(&pack, LIMITS, 100), Err(PackError::NoBase(base.id())));
    let mut reader = Reader::new(LIMITS);
    reader.feed(&pack).unwrap();
    let made = reader.finish(&|id| (id == base.id()).then(|| base.clone())).unwrap();
    assert_eq!(made[0].1.data, b"world");
}

#[test]
fn bombs_are_refused() {
    let limits = Limits { objects: 3, bytes: 1000 };
    let zeros = vec![0; 1001];
    assert_eq!(
        read(&pack(&[Object::blob(zeros)], Compression::Fast), limits, 64),
        Err(PackError::TooLarge { limit: 1000 })
    );
    let many = vec![Object::blob(""); 4];
    assert_eq!(read(&pack(&many, Compression::Fast), limits, 64), Err(PackError::TooMany { found: 4, limit: 3 }));
    // Says ten bytes, and is a thousand.
    let lies = raw(&[(vec![0x3a], vec![0; 1000])]);
    assert_eq!(read(&lies, limits, 64), Err(PackError::Broken { at: 13, what: "an object is larger than it says" }));
    let lies = raw(&[(vec![0x3a], vec![0; 9])]);
    assert!(matches!(
        read(&lies, limits, 64),
        Err(PackError::Broken { what: "an object is smaller than it says", .. })
    ));
    // A difference of nine bytes that makes 64 KiB.
    let base = Object::blob("x".repeat(15));
    let bomb = vec![15, 0x80, 0x80, 0x04, 0x80];
    let pack = raw(&[(vec![0x3f], base.data.clone()), (delta_head(7, bomb.len(), base.id().as_bytes()), bomb)]);
    assert_eq!(read(&pack, limits, 64), Err(PackError::TooLarge { limit: 1000 }));
}

#[test]
fn differences_that_build_on_nothing_or_on_themselves() {
    let delta = vec![3, 3, 0b1001_0000, 3];
    for (base, expected) in [(0, 0), (5, 7), (12, 0), (127, 0)] {
        let pack = raw(&[(delta_head(6, delta.len(), &[base]), delta.clone())]);
        assert_eq!(read(&pack, LIMITS, 64), Err(PackError::NoBaseAt { at: 12, base: expected }), "{base}");
    }
}

#[test]
fn what_is_no_pack_and_what_is_a_broken_one() {
    let whole = pack(&[Object::blob("hello"), Object { kind: Kind::Tree, data: Vec::new() }], Compression::Fast);
    assert_eq!(read(b"<html>", LIMITS, 64), Err(PackError::Signature("<html>".to_owned())));
    assert!(matches!(read(b"PACK\0\0\0\x03\0\0\0\0", LIMITS, 64), Err(PackError::Signature(_))));
    for cut in 0..whole.len() {
        let error = read(&whole[..cut], LIMITS, 64).unwrap_err();
        assert!(matches!(error, PackError::Cut { .. }), "{cut}: {error}");
    }
    assert_eq!(read(&[&whole[..], b"x"].concat(), LIMITS, 64), Err(PackError::More));
    for broken in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[broken] ^= 0x01;
        assert!(read(&bytes, LIMITS, 64).is_err(), "{broken}");
    }
}

#[test]
fn pieces_make_the_same_pack_as_a_whole() {
    let data: Vec<u8> = (0..100_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let whole = pack(&[Object::blob(data.clone())], Compression::Stored);
    let mut out = Vec::new();
    let mut writer = Writer::begin(1, &mut out);
    writer.begin_object(Kind::Blob, 100_000, Compression::Stored, &mut out);
    let mut hash = Hasher::new(Kind::Blob, 100_000);
    for piece in data.chunks(777) {
        writer.piece(piece, &mut out);
        hash.update(piece);
    }
    writer.end_object(&mut out);
    writer.finish(&mut out);
    let id = hash.finish();
    for pack in [whole, out] {
        assert_eq!(read(&pack, LIMITS, 1000).unwrap(), [(id, Object::blob(data.clone()))]);
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..5000), 0..10),
        stored: bool,
        piece in 1..3000_usize,
    ) {
        let objects: Vec<_> = contents.into_iter().map(Object::blob).collect();
        let pack = pack(&objects, if stored { Compression::Stored } else { Compression::Fast });
        let read: Vec<_> = read(&pack, LIMITS, piece).unwrap().into_iter().map(|(_, object)| object).collect();
        prop_assert_eq!(read, objects);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), piece in 1..50_usize) {
        let _ = read(&bytes, LIMITS, piece);
        let head = b"PACK\0\0\0\x02\0\0\0\x02";
        let _ = read(&[&head[..], &bytes].concat(), LIMITS, piece);
    }

    #[test]
    fn any_differences_are_applied_without_a_panic(
        deltas in proptest::collection::vec((6..8_u8, 0..60_u8, proptest::collection::vec(any::<u8>(), 0..15)), 1..5),
    ) {
        let base = Object::blob("0123456789");
        let mut entries = vec![(vec![0x3a], base.data.clone())];
        for (number, distance, mut delta) in deltas {
            // Mostly for the right base, so that instructions are looked at.
            if let Some(first) = delta.first_mut() {
                *first = 10;
            }
            let place = [distance];
            let id = base.id();
            let on: &[u8] = if number == 6 { &place } else { id.as_bytes() };
            entries.push((delta_head(number, delta.len(), on), delta));
        }
        let _ = read(&raw(&entries), LIMITS, 64);
    }
}
