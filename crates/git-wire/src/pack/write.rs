//! Writing a pack as it goes out.

use flate2::{Compress, FlushCompress, Status};
use sha1::{Digest, Sha1};

use super::header;
use crate::object::{Kind, Object};

/// How much is packed at once.
const PIECE: usize = 32 * 1024;

/// How hard objects are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all: for what can't get smaller.
    Stored,
    /// A little.
    Fast,
}

/// Writes a pack piece by piece: each call adds to `out` what is to be sent.
pub struct Writer {
    hash: Sha1,
    deflate: Compress,
    compression: Compression,
    scratch: Box<[u8]>,
}

impl Writer {
    /// Begins a pack of so many objects.
    pub fn begin(objects: u32, out: &mut Vec<u8>) -> Self {
        let mut writer = Self {
            hash: Sha1::new(),
            deflate: Compress::new(flate2::Compression::fast(), true),
            compression: Compression::Fast,
            scratch: vec![0; PIECE].into_boxed_slice(),
        };
        let head = [&b"PACK\0\0\0\x02"[..], &objects.to_be_bytes()].concat();
        writer.put(&head, out);
        writer
    }

    /// Adds an object.
    pub fn object(&mut self, object: &Object, compression: Compression, out: &mut Vec<u8>) {
        self.begin_object(object.kind, object.data.len() as u64, compression, out);
        self.piece(&object.data, out);
        self.end_object(out);
    }

    /// Begins an object of this size; its content follows in pieces.
    pub fn begin_object(&mut self, kind: Kind, size: u64, compression: Compression, out: &mut Vec<u8>) {
        let mut head = Vec::new();
        header::write(&mut head, kind, size);
        self.put(&head, out);
        if compression == self.compression {
            self.deflate.reset();
        } else {
            let level = match compression {
                Compression::Stored => flate2::Compression::none(),
                Compression::Fast => flate2::Compression::fast(),
            };
            self.deflate = Compress::new(level, true);
            self.compression = compression;
        }
    }

    /// Adds the next piece of the object.
    pub fn piece(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.deflate(bytes, FlushCompress::None, out);
    }

    /// Ends the object.
    pub fn end_object(&mut self, out: &mut Vec<u8>) {
        self.deflate(&[], FlushCompress::Finish, out);
    }

    /// Ends the pack, with its checksum.
    pub fn finish(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.hash.finalize());
    }

    fn put(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.hash.update(bytes);
        out.extend_from_slice(bytes);
    }

    fn deflate(&mut self, mut bytes: &[u8], flush: FlushCompress, out: &mut Vec<u8>) {
        loop {
            let (before_in, before_out) = (self.deflate.total_in(), self.deflate.total_out());
            let status = self.deflate.compress(bytes, &mut self.scratch, flush);
            let count = |total: u64, before: u64| usize::try_from(total - before).unwrap_or_default();
            let taken = count(self.deflate.total_in(), before_in);
            let made = count(self.deflate.total_out(), before_out);
            self.hash.update(&self.scratch[..made]);
            out.extend_from_slice(&self.scratch[..made]);
            bytes = &bytes[taken..];
            let ended = match flush {
                FlushCompress::Finish => matches!(status, Ok(Status::StreamEnd)),
                _ => bytes.is_empty() && made < self.scratch.len(),
            };
            // Compressing memory into memory can't fail; should it ever, the reader finds the pack broken.
            if ended || status.is_err() || (taken == 0 && made == 0) {
                return;
            }
        }
    }
}
