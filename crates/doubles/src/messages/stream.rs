//! Events, one at a time.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;
use serve::{Body, BoxError};

use super::events::Event;

/// A content of these events, each token after a pause.
pub(super) fn body(events: Vec<Event>, token_delay: Duration) -> Body {
    let pieces = stream::unfold(events.into_iter(), move |mut events| async move {
        let event = events.next()?;
        if event.is_token && !token_delay.is_zero() {
            tokio::time::sleep(token_delay).await;
        }
        Some((Ok::<_, BoxError>(Frame::data(Bytes::from(event.text()))), events))
    });
    serve::boxed(StreamBody::new(pieces))
}
