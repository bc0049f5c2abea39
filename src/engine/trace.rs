//! Hops as evidence: redacted, with contents shortened.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use scenario::Redactor;
use scenario::secret::{mask_parameters, parameter_values};
use verdict::evidence::{Arrival, Exchange, GitRecord, OAuthRecord, RequestRecord, ResponseRecord};

use super::configuration;
use super::visitor::Hop;

/// How much of a text is kept in a trace, in bytes.
const EXCERPT: usize = 2048;
/// How much more is looked at, in bytes, so that a secret across the cut doesn't leave its first half behind.
pub(super) const MARGIN: usize = 4096;

/// How much of a content is searched for tokens, in bytes: those that issue them answer briefly.
const SEARCHED: usize = 64 * 1024;

/// A text without secrets: those that are known, and what OAuth carries in URLs and JSON.
pub fn redacted(text: &str, redactor: &Redactor) -> String {
    mask_parameters(&redactor.redact(text)).into_owned()
}

/// The shortest value of a cookie that is taken for a secret, in bytes.
const SECRET_COOKIE: usize = 16;

/// What the exchange carried of codes, states and tokens, and the sessions that it gave out: a site may show those
/// again, be it that another service was handed them.
pub fn tokens(hop: &Hop) -> Vec<String> {
    fn lossy(bytes: &[u8]) -> Cow<'_, str> {
        String::from_utf8_lossy(&bytes[..bytes.len().min(SEARCHED)])
    }
    // As a query, so that a form's first field is one of its parameters.
    let mut texts: Vec<Cow<'_, str>> =
        vec![hop.request.address.to_string().into(), format!("?{}", lossy(&hop.request.body)).into()];
    if let Some(response) = &hop.response {
        texts.extend(response.header("location").map(Cow::from));
        texts.push(lossy(&response.body));
    }
    let sessions = hop.response.iter().flat_map(|response| &response.headers).filter_map(session);
    texts.iter().flat_map(|text| parameter_values(text)).chain(sessions).collect()
}

/// The value of a cookie that nobody could have guessed: long, and no path or text that means something elsewhere too.
fn session((name, field): &(String, Vec<u8>)) -> Option<String> {
    let field = std::str::from_utf8(field).ok().filter(|_| name.eq_ignore_ascii_case("set-cookie"))?;
    let (_, value) = field.split(';').next()?.split_once('=')?;
    let is_opaque = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'~' | b'+' | b'=');
    (value.len() >= SECRET_COOKIE && value.bytes().all(is_opaque)).then(|| value.to_owned())
}

/// The same record without secrets.
pub fn oauth(mut record: OAuthRecord, redactor: &Redactor) -> OAuthRecord {
    let hide = |text: &mut String| *text = redacted(text, redactor);
    [&mut record.provider, &mut record.client, &mut record.redirect_uri].into_iter().for_each(hide);
    for phase in &mut record.phases {
        if let Some(request) = &mut phase.request {
            hide(&mut request.endpoint);
            [&mut request.response_type, &mut request.redirect_uri, &mut request.scope]
                .into_iter()
                .flatten()
                .for_each(hide);
        }
        if let Some(response) = &mut phase.response {
            hide(&mut response.to);
            response.error.iter_mut().for_each(hide);
        }
        phase.astray.iter_mut().for_each(|astray| hide(&mut astray.to));
        if let Some(landing) = &mut phase.landing {
            hide(&mut landing.url);
            landing.error.iter_mut().for_each(hide);
            landing.says.iter_mut().for_each(hide);
        }
    }
    record
}

/// The hop as evidence. Values of cookies and credentials are hidden whether or not anybody called them secret.
pub fn exchange(hop: &Hop, redactor: &Redactor) -> Exchange {
    let request = RequestRecord {
        method: hop.request.method.clone(),
        url: redacted(&hop.request.address.to_string(), redactor),
        headers: headers(&hop.request.headers, redactor),
        body_bytes: hop.streamed.as_ref().map_or(hop.request.body.len() as u64, |sent| sent.load(Ordering::Relaxed)),
    };
    let response = hop.response.as_ref().map(|received| ResponseRecord {
        status: received.status,
        headers: headers(&received.headers, redactor),
        set_cookies: hop.set_cookies.clone(),
        body_bytes: received.length,
        body_excerpt: content(hop, &received.body, redactor),
        arrival: (received.arrival.pieces > 1).then(|| Arrival {
            pieces: received.arrival.pieces,
            first_ms: milliseconds(received.arrival.first),
            last_ms: milliseconds(received.arrival.last),
        }),
    });
    let incomplete = hop.response.as_ref().and_then(|received| received.incomplete.as_ref());
    let error = hop.error.as_ref().or(incomplete).map(|error| redacted(&error.to_string(), redactor));
    let duration_ms = hop.response.as_ref().map_or(0.0, |received| received.duration.as_secs_f64() * 1000.0);
    Exchange { request, response, error, duration_ms }
}

/// The beginning of a content; of an edge's configuration what shows that it is one, and no more: secrets that nobody
/// here knows stand in it.
fn content(hop: &Hop, body: &[u8], redactor: &Redactor) -> Option<String> {
    if configuration::is_asked_for(&hop.request.address.target) && body.starts_with(b"{") {
        return configuration::outline(body).map(|outline| redacted(&outline, redactor));
    }
    excerpt(body, EXCERPT, redactor)
}

/// The same record without secrets.
pub fn repository(mut record: GitRecord, redactor: &Redactor) -> GitRecord {
    for text in [&mut record.head, &mut record.said].into_iter().flatten() {
        *text = redactor.redact(text).into_owned();
    }
    record
}

fn headers(fields: &[(String, Vec<u8>)], redactor: &Redactor) -> Vec<(String, String)> {
    fields
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value);
            let shown = match name.to_ascii_lowercase().as_str() {
                "cookie" => value.split("; ").map(without_value).collect::<Vec<_>>().join("; "),
                "set-cookie" => match value.split_once(';') {
                    Some((pair, attributes)) => format!("{};{attributes}", without_value(pair)),
                    None => without_value(&value),
                },
                "authorization" | "proxy-authorization" => {
                    format!("{} ***", value.split(' ').next().unwrap_or_default())
                }
                _ => value.into_owned(),
            };
            (name.clone(), redacted(&shown, redactor))
        })
        .collect()
}

/// `name=***`. A deleted cookie's value is empty, and shown so.
fn without_value(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, "")) => format!("{name}="),
        Some((name, _)) => format!("{name}=***"),
        None => "***".to_owned(),
    }
}

/// A duration in milliseconds, to a thousandth of one.
pub(super) fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// The beginning of a text, of at most `limit` bytes, redacted; `None` for anything that isn't text, and for nothing.
pub(super) fn excerpt(body: &[u8], limit: usize, redactor: &Redactor) -> Option<String> {
    let text = mask_parameters(text_head(body, limit + MARGIN)?);
    Some(redactor.head(&text, limit).into_owned())
}

/// At most `limit` bytes, cut between characters; `None` where they aren't text.
fn text_head(bytes: &[u8], limit: usize) -> Option<&str> {
    let head = &bytes[..bytes.len().min(limit)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The cut may have gone through a character.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let is_text = !text.contains('\0') && !text.is_empty();
    is_text.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenario::Secret;

    #[test]
    fn values_of_cookies_and_credentials_never_show() {
        let mut redactor = Redactor::new();
        redactor.add(&Secret::new("hunter2-hunter2"));
        let fields = [
            ("Cookie", "a=secret1; b=secret2"),
            ("set-cookie", "s=secret3; Path=/forge; HttpOnly"),
            ("set-cookie", "gone=; Path=/; Max-Age=0"),
            ("Authorization", "Basic c2VjcmV0"),
            ("Location", "/x?password=hunter2-hunter2"),
        ]
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        let shown: Vec<String> =
            headers(&fields, &redactor).into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(
            shown,
            [
                "Cookie: a=***; b=***",
                "set-cookie: s=***; Path=/forge; HttpOnly",
                "set-cookie: gone=; Path=/; Max-Age=0",
                "Authorization: Basic ***",
                "Location: /x?password=***",
            ]
        );
    }

    #[test]
    fn sessions_are_secrets_and_other_cookies_are_not() {
        for (field, secret) in [
            ("s=eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoxfQ.x-_y; Path=/", Some("eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoxfQ.x-_y")),
            ("redirect_to=%2Fforge%2Fuser%2Fsettings; Path=/forge", None),
            ("lang=en-US; Path=/forge", None),
            ("s=; Max-Age=0", None),
            ("nonsense", None),
        ] {
            let field = ("Set-Cookie".to_owned(), field.as_bytes().to_vec());
            assert_eq!(session(&field).as_deref(), secret, "{field:?}");
        }
        assert_eq!(session(&("etag".to_owned(), b"s=0123456789abcdef".to_vec())), None);
    }

    #[test]
    fn an_excerpt_is_text_or_nothing() {
        let redactor = Redactor::new();
        assert_eq!(excerpt("é".repeat(2000).as_bytes(), EXCERPT, &redactor).map(|text| text.len()), Some(EXCERPT));
        assert_eq!(excerpt(&[0xff, 0xfe, 0x41], EXCERPT, &redactor), None);
        assert_eq!(excerpt(b"", EXCERPT, &redactor), None);
    }

    #[test]
    fn a_secret_across_the_cut_is_hidden_whole() {
        let mut redactor = Redactor::new();
        redactor.add(&Secret::new("correct-horse-battery"));
        for before in EXCERPT - 25..=EXCERPT {
            let body = format!("{}correct-horse-battery and more", "x".repeat(before));
            let kept = excerpt(body.as_bytes(), EXCERPT, &redactor).unwrap();
            assert!(!kept.contains("corr"), "{before}: {}", &kept[EXCERPT - 40..]);
        }
    }
}
