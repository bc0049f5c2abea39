//! The content of a request, unpacked where it is compressed, piece by piece.

use std::io::Write as _;

use bytes::Bytes;
use flate2::write::GzDecoder;
use http::header::CONTENT_ENCODING;
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::body::Incoming;

/// How much of a compressed content is unpacked at once: a piece of it may become a thousand times as large.
const PIECE: usize = 4 * 1024;

/// The content of a request.
pub(super) struct Content {
    body: Incoming,
    /// Compressed bytes that aren't unpacked yet.
    waiting: Bytes,
    gzip: Option<GzDecoder<Vec<u8>>>,
}

impl Content {
    /// The content, which may be compressed as git clients do it; `Err` for any other encoding.
    pub(super) fn new(parts: &Parts, body: Incoming) -> Result<Self, ()> {
        let encoding = parts.headers.get(CONTENT_ENCODING).map(|value| value.as_bytes());
        let gzip = match encoding {
            None | Some(b"identity") => None,
            Some(b"gzip" | b"x-gzip") => Some(GzDecoder::new(Vec::new())),
            Some(_) => return Err(()),
        };
        Ok(Self { body, waiting: Bytes::new(), gzip })
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// The client broke off, or what should be compressed isn't.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, ()> {
        loop {
            while let Some(gzip) = self.gzip.as_mut().filter(|_| !self.waiting.is_empty()) {
                let piece = self.waiting.split_to(self.waiting.len().min(PIECE));
                gzip.write_all(&piece).map_err(|_| ())?;
                let made = std::mem::take(gzip.get_mut());
                if !made.is_empty() {
                    return Ok(Some(Bytes::from(made)));
                }
            }
            let Some(frame) = self.body.frame().await else { return self.end() };
            let Ok(data) = frame.map_err(|_| ())?.into_data() else { continue };
            if self.gzip.is_none() {
                return Ok(Some(data));
            }
            self.waiting = data;
        }
    }

    /// What the end of a compressed content brings to light.
    fn end(&mut self) -> Result<Option<Bytes>, ()> {
        let Some(gzip) = self.gzip.take() else { return Ok(None) };
        let rest = gzip.finish().map_err(|_| ())?;
        Ok((!rest.is_empty()).then(|| Bytes::from(rest)))
    }

    /// All of it; `None` where it is longer than `limit` bytes.
    pub(super) async fn all(mut self, limit: usize) -> Result<Option<Vec<u8>>, ()> {
        let mut all = Vec::new();
        while let Some(piece) = self.next().await? {
            if all.len() + piece.len() > limit {
                return Ok(None);
            }
            all.extend_from_slice(&piece);
        }
        Ok(Some(all))
    }
}
