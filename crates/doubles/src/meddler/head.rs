//! Heads on their way through: what speaks of one connection alone is that connection's.

use http::header::{CONNECTION, HOST, HeaderName, UPGRADE};
use http::{HeaderMap, HeaderValue, Uri};

/// Takes off what concerns one connection (RFC 9110, section 7.6.1). An asked for or agreed upgrade stays.
pub(super) fn of_next_connection(headers: &mut HeaderMap) {
    let tokens: Vec<String> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|token| token.trim().to_ascii_lowercase())
        .collect();
    let switches = tokens.iter().any(|token| token == "upgrade") && headers.contains_key(UPGRADE);
    for name in tokens.iter().filter(|token| *token != "upgrade").filter_map(|token| token.parse::<HeaderName>().ok()) {
        headers.remove(name);
    }
    for name in ["connection", "keep-alive", "proxy-connection"] {
        headers.remove(name);
    }
    if switches {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    }
}

/// The host that the browser asked for, as the edge says it.
pub(super) fn host(uri: &Uri, headers: &HeaderMap) -> String {
    let field = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let forwarded = field(&HeaderName::from_static("x-forwarded-host"));
    let first = forwarded.and_then(|hosts| hosts.split(',').next()).map(str::trim).filter(|host| !host.is_empty());
    let authority = uri.authority().map(http::uri::Authority::as_str);
    first.or(authority).or(field(&HOST)).unwrap_or_default().to_owned()
}

/// The path with its query, as it stood in the request line.
pub(super) fn target(uri: &Uri) -> String {
    uri.path_and_query().map_or_else(|| uri.to_string(), ToString::to_string)
}
