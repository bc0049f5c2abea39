//! Which redirect URIs an application has.

use std::net::IpAddr;

use url::Url;

/// Whether `uri` is one of the registered ones: the same text but for case and one slash at its end, as both forges compare them.
/// For a public client the port of a loopback address doesn't count (RFC 8252, section 7.3).
pub(super) fn is_registered(registered: &[String], uri: &str, confidential: bool) -> bool {
    let plain = |text: &str| {
        let lower = text.to_lowercase();
        lower.strip_suffix('/').map_or_else(|| lower.clone(), ToOwned::to_owned)
    };
    let is_one = |uri: &str| registered.iter().any(|other| plain(other) == plain(uri));
    if !confidential
        && let Some(bare) = without_loopback_port(uri)
        && is_one(&bare)
    {
        return true;
    }
    is_one(uri)
}

fn without_loopback_port(uri: &str) -> Option<String> {
    let mut url = Url::parse(uri).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']).parse::<IpAddr>().ok()?;
    if url.scheme() != "http" || !host.is_loopback() {
        return None;
    }
    url.set_port(None).ok()?;
    Some(url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_address() {
        let registered = ["http://edge.test/ci/authorize".to_owned(), "http://127.0.0.1/cb".to_owned()];
        for (uri, confidential, public) in [
            ("http://edge.test/ci/authorize", true, true),
            ("http://EDGE.test/ci/authorize/", true, true),
            ("http://edge.test/ci/authorize?x", false, false),
            ("http://edge.test:80/ci/authorize", false, false),
            ("http://edge.test/authorize", false, false),
            ("https://edge.test/ci/authorize", false, false),
            ("http://127.0.0.1:5555/cb", false, true),
            ("http://127.0.0.2:5555/cb", false, false),
            ("", false, false),
        ] {
            assert_eq!(is_registered(&registered, uri, true), confidential, "{uri}");
            assert_eq!(is_registered(&registered, uri, false), public, "{uri}");
        }
    }
}
