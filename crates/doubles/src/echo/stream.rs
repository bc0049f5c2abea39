//! A content that takes its time: `GET /stream?pieces=10&every_ms=50` answers with events (HTML Standard, section 9.2),
//! one at a time. Whoever collects them on the way is seen by when they arrive.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::StreamBody;
use hyper::body::Frame;
use serve::{Body, BoxError};
use tokio::time::MissedTickBehavior;

use super::command::{LONGEST_PAUSE_MS, MOST_FRAMES};
use super::text;

/// The path that streams.
const PATH: &str = "/stream";

/// What a query asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    pieces: u64,
    every: Duration,
}

/// The answer, where the request is for a stream.
pub(super) fn answer(parts: &Parts) -> Option<Response<Body>> {
    let is_read = matches!(parts.method, Method::GET | Method::HEAD);
    if !is_read || parts.uri.path() != PATH {
        return None;
    }
    let Some(asked) = read(parts.uri.query().unwrap_or_default()) else {
        return Some(text(
            StatusCode::BAD_REQUEST,
            "400: expected /stream?pieces=N&every_ms=N, from 1 to 10000 pieces and no more than 60000 ms between two",
        ));
    };
    let body = if parts.method == Method::HEAD { serve::empty() } else { pieces(asked) };
    let mut answer = Response::new(body);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(answer)
}

fn read(query: &str) -> Option<Asked> {
    let value = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).and_then(|(_, value)| value.parse::<u64>().ok())
    };
    let pieces = value("pieces").filter(|pieces| (1..=MOST_FRAMES).contains(pieces))?;
    let every = value("every_ms").filter(|pause| *pause <= LONGEST_PAUSE_MS)?;
    Some(Asked { pieces, every: Duration::from_millis(every) })
}

fn pieces(asked: Asked) -> Body {
    let mut clock = tokio::time::interval(asked.every.max(Duration::from_millis(1)));
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let events = stream::unfold((clock, 0), move |(mut clock, sent)| async move {
        if sent == asked.pieces {
            return None;
        }
        clock.tick().await;
        let event = format!("data: {{\"piece\":{},\"of\":{}}}\n\n", sent + 1, asked.pieces);
        Some((Ok::<_, BoxError>(Frame::data(Bytes::from(event))), (clock, sent + 1)))
    });
    serve::boxed(StreamBody::new(events))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_and_what_makes_no_sense_is_refused() {
        let asked = |pieces, every| Some(Asked { pieces, every: Duration::from_millis(every) });
        for (query, expected) in [
            ("pieces=10&every_ms=50", asked(10, 50)),
            ("every_ms=0&pieces=1&more=x", asked(1, 0)),
            ("pieces=0&every_ms=50", None),
            ("pieces=10001&every_ms=50", None),
            ("pieces=10&every_ms=60001", None),
            ("pieces=ten&every_ms=50", None),
            ("pieces=10", None),
            ("", None),
        ] {
            assert_eq!(read(query), expected, "{query}");
        }
    }

    #[test]
    fn other_paths_and_methods_are_for_others() {
        let parts = |method: &str, uri: &str| {
            http::Request::builder().method(method).uri(uri).body(()).map(|request| request.into_parts().0).unwrap()
        };
        assert!(answer(&parts("GET", "/streams?pieces=1&every_ms=1")).is_none());
        assert!(answer(&parts("POST", "/stream?pieces=1&every_ms=1")).is_none());
        let refused = answer(&parts("GET", "/stream")).unwrap();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    }
}
