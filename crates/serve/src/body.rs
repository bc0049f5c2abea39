//! The content of answers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Frame;

/// Why a content broke off.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The content of an answer, streamed or at hand.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// A content that is at hand.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// No content.
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A content that comes piece by piece.
pub fn boxed<B>(body: B) -> Body
where
    B: http_body_util::BodyExt<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    body.map_err(Into::into).boxed_unsync()
}

/// A content that is made while it is sent, so that it is never all in memory.
pub fn pieces<I>(pieces: I) -> Body
where
    I: Iterator<Item = Bytes> + Send + Unpin + 'static,
{
    boxed(Pieces(pieces))
}

struct Pieces<I>(I);

impl<I: Iterator<Item = Bytes> + Unpin> hyper::body::Body for Pieces<I> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(piece))))
    }
}
