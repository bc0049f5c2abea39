//! Contents: held as long as they are to be changed, passed on piece by piece otherwise.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use hyper::body::{Body as HyperBody, Frame, Incoming, SizeHint};
use serve::{Body, BoxError, boxed, full};
use tokio_util::task::AbortOnDropHandle;

use super::coding;
use super::rules::{Edits, Rules};

/// The longest content that is changed, in bytes, before and after its codings are taken off. A longer one is passed on as it came.
const LIMIT: usize = 16 * 1024 * 1024;

/// The content with what the edits change in it, and the header fields put right.
///
/// # Errors
/// It broke off.
pub(super) async fn changed(mut body: Incoming, headers: &mut HeaderMap, edits: &Edits<'_>) -> Result<Body, BoxError> {
    let mut held = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        held.extend_from_slice(&data);
        if held.len() > LIMIT {
            return Ok(boxed(Resumed { held: Some(held.freeze()), rest: body }));
        }
    }
    let held = held.freeze();
    headers.remove(TRANSFER_ENCODING);
    let (plain, coded) = match headers.contains_key(CONTENT_ENCODING) {
        true => (coding::decoded(headers, held.to_vec(), LIMIT), true),
        false => (Some(held.to_vec()), false),
    };
    match plain.and_then(|plain| edits.content(&plain)) {
        Some(content) => {
            if coded {
                headers.remove(CONTENT_ENCODING);
            }
            headers.insert(CONTENT_LENGTH, HeaderValue::from(content.len()));
            Ok(full(content))
        }
        None => {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(held.len()));
            Ok(full(held))
        }
    }
}

/// Whether it is a stream of events, which has no end to wait for.
pub(super) fn is_event_stream(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.trim_start().to_ascii_lowercase().starts_with("text/event-stream")
}

/// The stream with what the rules for answers change in each piece of it.
pub(super) fn changed_by_pieces(body: Incoming, rules: Rules, target: String, host: String) -> Body {
    boxed(body.map_frame(move |frame| {
        frame.map_data(|data| {
            let asked = super::rules::Asked { target: &target, host: &host };
            rules.on_response(&asked).content(&data).map_or(data, Bytes::from)
        })
    }))
}

/// A content of which the beginning was read already.
struct Resumed {
    held: Option<Bytes>,
    rest: Incoming,
}

impl HyperBody for Resumed {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.held.take() {
            Some(held) => Poll::Ready(Some(Ok(Frame::data(held)))),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.held.as_ref().map_or(0, |held| held.len() as u64);
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + held);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + held);
        }
        hint
    }
}

/// A content during which an alarm is set; it goes off no more once all was sent.
pub(super) fn under(alarm: Option<AbortOnDropHandle<()>>, body: Body) -> Body {
    match alarm {
        Some(alarm) => boxed(Under { _alarm: alarm, body }),
        None => body,
    }
}

struct Under {
    _alarm: AbortOnDropHandle<()>,
    body: Body,
}

impl HyperBody for Under {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
