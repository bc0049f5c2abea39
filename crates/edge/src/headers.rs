//! Header fields on their way through the edge.

use std::net::IpAddr;

use http::header::{CONNECTION, COOKIE, HOST, HeaderName, TE, UPGRADE, VIA};
use http::{HeaderMap, HeaderValue, Request, Uri, Version};
use routes::{Cookies, Forward, Scheme};

/// Fields that speak of one connection alone (RFC 9110, section 7.6.1), and two that older programs take for such.
const HOP_BY_HOP: &[&str] = &[
    "alt-svc",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The one `Host` that a request must have (RFC 9112, section 3.2).
pub(crate) fn host<B>(request: &Request<B>) -> Result<String, &'static str> {
    let mut values = request.headers().get_all(HOST).iter();
    let field = match (values.next(), values.next()) {
        (Some(host), None) => host.to_str().map_err(|_| "400: the Host field is not text")?,
        (Some(_), Some(_)) => return Err("400: there are two Host fields"),
        (None, _) if request.version() < Version::HTTP_11 => "",
        (None, _) => return Err("400: there is no Host field"),
    };
    // The authority of an absolute-form target takes the place of the field.
    let host = request.uri().authority().map_or_else(|| field.to_owned(), ToString::to_string);
    if host.is_empty() && request.version() >= Version::HTTP_11 {
        Err("400: the Host field is empty")
    } else {
        Ok(host)
    }
}

/// The request target as it stood in the request line.
pub(crate) fn target(uri: &Uri) -> String {
    match (uri.scheme_str(), uri.authority(), uri.path_and_query()) {
        (None, Some(authority), _) => authority.to_string(),
        (Some(scheme), Some(authority), Some(path)) => format!("{scheme}://{authority}{path}"),
        (_, _, Some(path)) => path.as_str().to_owned(),
        (_, _, None) => uri.to_string(),
    }
}

/// The protocol that a request asks to switch to.
pub(crate) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    if !lists(headers, &CONNECTION).any(|token| token.eq_ignore_ascii_case("upgrade")) {
        return None;
    }
    headers.get(UPGRADE).cloned()
}

/// The elements of a comma-separated field.
fn lists<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// Takes off what concerns one connection, including what `Connection` names.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let trailers = lists(headers, &TE).any(|token| token.eq_ignore_ascii_case("trailers"));
    let named: Vec<HeaderName> = lists(headers, &CONNECTION).filter_map(|name| name.parse().ok()).collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(*name);
    }
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Takes off what a client may not say to this service.
pub(crate) fn remove_untrusted(headers: &mut HeaderMap, forward: &Forward) {
    for name in &forward.remove_headers {
        headers.remove(name.as_str());
    }
    if forward.cookies == Cookies::Drop {
        headers.remove(COOKIE);
    }
    if !forward.websocket {
        headers.remove(UPGRADE);
    }
}

/// Says who asked, over what, and for which host. What a client says of this is overwritten: no proxy stands before the edge.
pub(crate) fn add_forwarded(headers: &mut HeaderMap, client: IpAddr, scheme: Scheme, host: &str) {
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set("x-forwarded-for", &client.to_string());
    set("x-forwarded-proto", scheme.as_str());
    set("x-forwarded-host", host);
}

/// Tells the service what the route says, whatever stood there before.
pub(crate) fn set(headers: &mut HeaderMap, forward: &Forward) {
    for (name, value) in &forward.headers {
        let Ok(name) = name.parse::<HeaderName>() else { continue };
        match value.as_ref().map(|value| HeaderValue::from_str(value)) {
            Some(Ok(value)) => drop(headers.insert(name, value)),
            // Validation has refused values that can't be.
            Some(Err(_)) => {}
            None => drop(headers.remove(name)),
        }
    }
}

/// Notes the edge's part in the message (RFC 9110, section 7.6.3).
pub(crate) fn add_via(headers: &mut HeaderMap, version: Version) {
    let value = if version == Version::HTTP_10 { "1.0 edge-smoke" } else { "1.1 edge-smoke" };
    headers.append(VIA, HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn what_connection_names_goes_with_it() {
        let mut headers = map(&[
            ("connection", "close, X-Once"),
            ("x-once", "1"),
            ("x-always", "1"),
            ("te", "gzip, trailers"),
            ("keep-alive", "1"),
        ]);
        remove_hop_by_hop(&mut headers);
        assert_eq!(headers, map(&[("te", "trailers"), ("x-always", "1")]));
    }

    #[test]
    fn an_upgrade_needs_both_fields() {
        assert_eq!(
            upgrade(&map(&[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")])),
            Some(HeaderValue::from_static("websocket"))
        );
        assert_eq!(upgrade(&map(&[("upgrade", "websocket")])), None);
        assert_eq!(upgrade(&map(&[("connection", "upgrade")])), None);
    }

    #[test]
    fn targets_keep_their_bytes() {
        for text in ["/chat/%2e%2e/x", "//chat/x", "/a\\b?x=\\", "*", "http://edge.test/x?y", "/?", "/%zz"] {
            assert_eq!(target(&text.parse().unwrap()), text);
        }
    }
}
