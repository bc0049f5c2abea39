//! Reading a pack as it comes.

use std::sync::Arc;

use flate2::{Decompress, FlushDecompress, Status};
use sha1::{Digest, Sha1};

use super::header::{self, Base};
use super::{Limits, PackError};
use crate::object::{Hasher, Object, ObjectId};
use crate::pkt_line::excerpt;

/// How much is unpacked at once.
const PIECE: usize = 32 * 1024;

/// How much memory an object is given before anything of it came.
const FIRST: usize = 64 * 1024;

/// An entry, unpacked but not yet applied to what it builds on.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it begins.
    pub(super) at: u64,
    pub(super) base: Base,
    /// The object's content, or the difference.
    pub(super) data: Vec<u8>,
    /// Of an object as it is.
    pub(super) id: Option<ObjectId>,
}

/// Reads a pack as it comes: [`feed`](Self::feed) it all pieces, then [`finish`](Self::finish).
#[derive(Debug)]
pub struct Reader {
    limits: Limits,
    /// Of all bytes before the checksum.
    hash: Sha1,
    /// How many bytes came.
    at: u64,
    state: State,
    /// How many objects are still to come.
    left: u32,
    entries: Vec<Entry>,
    /// How much memory the objects take.
    spent: u64,
    inflate: Decompress,
    scratch: Box<[u8]>,
}

#[derive(Debug)]
enum State {
    /// The first twelve bytes.
    Signature(Vec<u8>),
    /// What stands before an entry.
    Header {
        at: u64,
        bytes: Vec<u8>,
    },
    /// An entry's compressed bytes.
    Entry(Open),
    /// The checksum.
    Checksum(Vec<u8>),
    Done,
}

/// An entry that is being unpacked.
#[derive(Debug)]
struct Open {
    entry: Entry,
    size: u64,
    hash: Option<Hasher>,
}

impl Reader {
    /// A reader that gives up at these limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            hash: Sha1::new(),
            at: 0,
            state: State::Signature(Vec::new()),
            left: 0,
            entries: Vec::new(),
            spent: 0,
            inflate: Decompress::new(true),
            scratch: vec![0; PIECE].into_boxed_slice(),
        }
    }

    /// How many bytes came so far.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Takes the next piece, however it is cut.
    ///
    /// # Errors
    /// The pack is broken, or costs more than allowed. There is no going on after that.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), PackError> {
        while !bytes.is_empty() {
            let taken = self.step(bytes)?;
            let (now, later) = bytes.split_at(taken);
            self.at += now.len() as u64;
            bytes = later;
        }
        Ok(())
    }

    /// The objects, with their ids. What the pack builds on without having it is looked up.
    ///
    /// # Errors
    /// The pack isn't whole, or what it builds on isn't there.
    pub fn finish(self, find: &dyn Fn(ObjectId) -> Option<Arc<Object>>) -> Result<Vec<(ObjectId, Object)>, PackError> {
        match self.state {
            State::Done => super::resolve::resolve(self.entries, self.limits.bytes, self.spent, find),
            _ => Err(PackError::Cut { bytes: self.at, objects: self.entries.len() }),
        }
    }

    /// Takes some of the bytes, and says how many: at least one.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, PackError> {
        match &mut self.state {
            State::Signature(head) => {
                let taken = fill(head, bytes, 12);
                if !b"PACK\0\0\0\x02".starts_with(&head[..head.len().min(8)]) {
                    let shown = [&head[..], &bytes[taken..]].concat();
                    return Err(PackError::Signature(excerpt(&shown)));
                }
                self.hash.update(&bytes[..taken]);
                if let Some(Ok(count)) = head.get(8..12).map(<[u8; 4]>::try_from) {
                    self.left = u32::from_be_bytes(count);
                    if self.left > self.limits.objects {
                        return Err(PackError::TooMany { found: self.left, limit: self.limits.objects });
                    }
                    self.state = next(self.left, self.at + taken as u64);
                }
                Ok(taken)
            }
            State::Header { at, bytes: head } => {
                head.extend_from_slice(&bytes[..1]);
                self.hash.update(&bytes[..1]);
                let broken = |what| PackError::Broken { at: self.at, what };
                if let Some(header) = header::read(head).map_err(broken)? {
                    let limit = self.limits.bytes;
                    self.spent = self.spent.saturating_add(header.size);
                    if self.spent > limit {
                        return Err(PackError::TooLarge { limit });
                    }
                    let hash = match header.base {
                        Base::Whole(kind) => Some(Hasher::new(kind, header.size)),
                        Base::Before(_) | Base::Id(_) => None,
                    };
                    let entry = Entry { at: *at, base: header.base, data: Vec::new(), id: None };
                    self.inflate.reset(true);
                    self.state = State::Entry(Open { entry, size: header.size, hash });
                }
                Ok(1)
            }
            State::Entry(open) => {
                let (taken, ended) = unpack(&mut self.inflate, &mut self.scratch, open, bytes)
                    .map_err(|what| PackError::Broken { at: self.at, what })?;
                self.hash.update(&bytes[..taken]);
                if ended {
                    self.left -= 1;
                    let state = std::mem::replace(&mut self.state, next(self.left, self.at + taken as u64));
                    if let State::Entry(Open { mut entry, hash, .. }) = state {
                        entry.id = hash.map(Hasher::finish);
                        self.entries.push(entry);
                    }
                }
                Ok(taken)
            }
            State::Checksum(sum) => {
                let taken = fill(sum, bytes, 20);
                if let Ok(found) = <[u8; 20]>::try_from(sum.as_slice()) {
                    let (expected, found) =
                        (ObjectId::from_bytes(self.hash.finalize_reset().into()), ObjectId::from_bytes(found));
                    if found != expected {
                        return Err(PackError::Checksum { expected, found });
                    }
                    self.state = State::Done;
                }
                Ok(taken)
            }
            State::Done => Err(PackError::More),
        }
    }
}

/// What comes after an object.
fn next(left: u32, at: u64) -> State {
    if left == 0 { State::Checksum(Vec::new()) } else { State::Header { at, bytes: Vec::new() } }
}

/// Adds as many bytes as are missing of so many, and says how many.
fn fill(part: &mut Vec<u8>, bytes: &[u8], whole: usize) -> usize {
    let taken = bytes.len().min(whole - part.len());
    part.extend_from_slice(&bytes[..taken]);
    taken
}

/// Unpacks some of an entry. Says how many bytes that took, and whether the entry is at its end.
fn unpack(
    inflate: &mut Decompress,
    scratch: &mut [u8],
    open: &mut Open,
    bytes: &[u8],
) -> Result<(usize, bool), &'static str> {
    const NOT_DEFLATE: &str = "what should be compressed isn't";
    let begin = inflate.total_in();
    loop {
        let taken = usize::try_from(inflate.total_in() - begin).map_err(|_| NOT_DEFLATE)?;
        let before = inflate.total_out();
        let status = inflate.decompress(&bytes[taken..], scratch, FlushDecompress::None).map_err(|_| NOT_DEFLATE)?;
        let made = usize::try_from(inflate.total_out() - before).map_err(|_| NOT_DEFLATE)?;
        let now_taken = usize::try_from(inflate.total_in() - begin).map_err(|_| NOT_DEFLATE)?;
        let data = &mut open.entry.data;
        if (data.len() + made) as u64 > open.size {
            return Err("an object is larger than it says");
        }
        let piece = &scratch[..made];
        if let Some(hash) = &mut open.hash {
            hash.update(piece);
        }
        grow(data, made, open.size);
        data.extend_from_slice(piece);
        match status {
            Status::StreamEnd if data.len() as u64 == open.size => return Ok((now_taken, true)),
            Status::StreamEnd => return Err("an object is smaller than it says"),
            _ if made > 0 => {}
            _ if now_taken == bytes.len() => return Ok((now_taken, false)),
            _ if now_taken == taken => return Err(NOT_DEFLATE),
            _ => {}
        }
    }
}

/// Room for more: twice as much each time, but never more than the object's size, nor much before anything came.
fn grow(data: &mut Vec<u8>, more: usize, size: u64) {
    if data.capacity() - data.len() < more {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let wanted = (data.len() * 2).max(FIRST).max(data.len() + more).min(size);
        data.reserve_exact(wanted.saturating_sub(data.len()));
    }
}
