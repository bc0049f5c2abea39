//! Hops as evidence: redacted, with contents shortened.

use scenario::Redactor;
use verdict::evidence::{Exchange, RequestRecord, ResponseRecord};

use super::visitor::Hop;

/// How much of a text is kept in a trace, in bytes.
const EXCERPT: usize = 2048;
/// How much more is looked at, in bytes, so that a secret across the cut doesn't leave its first half behind.
const MARGIN: usize = 4096;

/// The hop as evidence. Values of cookies and credentials are hidden whether or not anybody called them secret.
pub fn exchange(hop: &Hop, redactor: &Redactor) -> Exchange {
    let request = RequestRecord {
        method: hop.request.method.clone(),
        url: redactor.redact(&hop.request.address.to_string()).into_owned(),
        headers: headers(&hop.request.headers, redactor),
        body_bytes: hop.request.body.len() as u64,
    };
    let response = hop.response.as_ref().map(|received| ResponseRecord {
        status: received.status,
        headers: headers(&received.headers, redactor),
        set_cookies: hop.set_cookies.clone(),
        body_bytes: received.length,
        body_excerpt: excerpt(&received.body, redactor),
    });
    let incomplete = hop.response.as_ref().and_then(|received| received.incomplete.as_ref());
    let error = hop.error.as_ref().or(incomplete).map(|error| redactor.redact(&error.to_string()).into_owned());
    let duration_ms = hop.response.as_ref().map_or(0.0, |received| received.duration.as_secs_f64() * 1000.0);
    Exchange { request, response, error, duration_ms }
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
            (name.clone(), redactor.redact(&shown).into_owned())
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

/// The beginning of a text, redacted; `None` for anything that isn't text, and for nothing.
fn excerpt(body: &[u8], redactor: &Redactor) -> Option<String> {
    let text = text_head(body, EXCERPT + MARGIN)?;
    Some(redactor.head(text, EXCERPT).into_owned())
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
    fn an_excerpt_is_text_or_nothing() {
        let redactor = Redactor::new();
        assert_eq!(excerpt("é".repeat(2000).as_bytes(), &redactor).map(|text| text.len()), Some(EXCERPT));
        assert_eq!(excerpt(&[0xff, 0xfe, 0x41], &redactor), None);
        assert_eq!(excerpt(b"", &redactor), None);
    }

    #[test]
    fn a_secret_across_the_cut_is_hidden_whole() {
        let mut redactor = Redactor::new();
        redactor.add(&Secret::new("correct-horse-battery"));
        for before in EXCERPT - 25..=EXCERPT {
            let body = format!("{}correct-horse-battery and more", "x".repeat(before));
            let kept = excerpt(body.as_bytes(), &redactor).unwrap();
            assert!(!kept.contains("corr"), "{before}: {}", &kept[EXCERPT - 40..]);
        }
    }
}
