//! Whether a request comes from a page of our own.

use http::{HeaderMap, header};

use crate::config::Public;

/// Whether the request names our own origin, and no other. Browsers send the field with every WebSocket handshake and with every request
/// that changes something (Fetch, section 3.2); where it is missing nothing vouches for the page that the request came from.
pub fn is_own(headers: &HeaderMap, public: &Public) -> bool {
    let mut fields = headers.get_all(header::ORIGIN).iter();
    fields.next().is_some_and(|origin| origin.as_bytes() == public.origin().as_bytes()) && fields.next().is_none()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::config::Mode;

    #[test]
    fn only_the_own_origin_is_own() {
        let public = Public::new(Mode::Subpath, &"http://edge.test:8080/chat".parse().unwrap());
        let own = |origins: &[&str]| {
            let fields = origins.iter().map(|origin| (header::ORIGIN, HeaderValue::from_str(origin).unwrap()));
            is_own(&fields.collect(), &public)
        };
        assert!(own(&["http://edge.test:8080"]));
        for origin in [
            "",
            "null",
            "http://edge.test",
            "https://edge.test:8080",
            "http://edge.test:8080/",
            "http://edge.test:8080.evil.test",
            "http://evil.test#http://edge.test:8080",
            "HTTP://EDGE.TEST:8080",
            "http://forge.edge.test:8080",
            "http://edge.test:8080 http://evil.test",
        ] {
            assert!(!own(&[origin]), "{origin}");
        }
        assert!(!own(&[]) && !own(&["http://edge.test:8080", "http://edge.test:8080"]));
        let standard = Public::new(Mode::Subdomain, &"https://chat.edge.test:443".parse().unwrap());
        assert_eq!(standard.origin(), "https://chat.edge.test", "browsers leave the scheme's own port away");
    }
}
