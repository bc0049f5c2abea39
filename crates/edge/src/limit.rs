//! Contents with a bound.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use serve::BoxError;

/// A request's content, which ends in an error where it is larger than it may be.
pub(crate) struct Limited {
    body: Incoming,
    left: Option<u64>,
    exceeded: Arc<AtomicBool>,
}

impl Limited {
    /// The content, and whether it turned out too large.
    pub(crate) fn new(body: Incoming, limit: Option<u64>) -> (Self, Arc<AtomicBool>) {
        let exceeded = Arc::new(AtomicBool::new(false));
        (Self { body, left: limit, exceeded: exceeded.clone() }, exceeded)
    }
}

impl Body for Limited {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context).map_err(Into::into);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let (Some(data), Some(left)) = (frame.data_ref(), self.left)
        {
            let length = data.len() as u64;
            if length > left {
                self.exceeded.store(true, Ordering::Relaxed);
                return Poll::Ready(Some(Err("the content is larger than the route allows".into())));
            }
            self.left = Some(left - length);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
