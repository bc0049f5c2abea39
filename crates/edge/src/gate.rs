//! The question to the gate before a request goes on (Caddy's `forward_auth`).

use std::sync::Arc;

use http::header::{CONTENT_LENGTH, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use hyper::body::Incoming;
use routes::Gate;
use serve::{Peer, empty};

use crate::pool::{Pool, SendError};

/// What the gate said.
pub(crate) enum Verdict {
    /// The request may go on.
    Open,
    /// Its answer is the client's answer.
    Closed(Response<Incoming>),
}

/// Asks with the request's own fields, and copies what the gate knows of the user onto them.
///
/// The fields are those that would go to the service: the client's own claims are off already. As with Caddy, the query comes along.
pub(crate) async fn ask(
    gate: &Gate,
    method: &Method,
    original: &str,
    headers: &mut HeaderMap,
    peer: &Peer,
    pool: &Arc<Pool>,
) -> Result<Verdict, SendError> {
    let query = original.split_once('?').map_or(String::new(), |(_, query)| format!("?{query}"));
    let mut question = Request::new(empty());
    // The path was validated, and the query came out of a request target.
    if let Ok(uri) = format!("{}{query}", gate.uri).parse() {
        *question.uri_mut() = uri;
    }
    let asked = question.headers_mut();
    *asked = headers.clone();
    asked.remove(CONTENT_LENGTH);
    insert(asked, "x-forwarded-method", method.as_str());
    insert(asked, "x-forwarded-uri", original);
    insert(asked, &gate.secret_header, gate.secret.expose());
    let answer = pool.send(&gate.upstream, question, &peer.closing).await?;
    if !answer.status().is_success() {
        return Ok(Verdict::Closed(answer));
    }
    for name in gate.copy_headers.iter().filter_map(|name| name.parse::<HeaderName>().ok()) {
        headers.remove(&name);
        let values: Vec<&[u8]> = answer.headers().get_all(&name).iter().map(HeaderValue::as_bytes).collect();
        let joined = values.join(&b","[..]);
        if !joined.is_empty()
            && let Ok(value) = HeaderValue::from_bytes(&joined)
        {
            headers.insert(name, value);
        }
    }
    Ok(Verdict::Open)
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}
