//! Cookies, read and written (RFC 6265).

use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// How many cookies of one name are looked at. A browser sends one for each path and domain that set it.
const CANDIDATES: usize = 16;

/// The values of all cookies of a name, in the order of the request. Which of them is the right one their order doesn't tell: the more
/// specific path comes first, and a sibling on the same host may have set that.
pub(crate) fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(COOKIE)
        .into_iter()
        .flat_map(|field| field.as_bytes().split(|byte| *byte == b';'))
        .filter_map(move |pair| {
            let (given, value) = std::str::from_utf8(pair).ok()?.split_once('=')?;
            (given.trim_matches([' ', '\t']) == name).then(|| value.trim_matches([' ', '\t']))
        })
        .take(CANDIDATES)
}

/// How a cookie is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) name: &'a str,
    pub(crate) path: &'a str,
    /// Sent over https alone.
    pub(crate) secure: bool,
}

impl Setting<'_> {
    /// Sets it, for as long as that. Scripts can't read it, and of other sites' requests only links and redirects bring it along.
    pub(crate) fn set(&self, value: &str, age: Duration) -> HeaderValue {
        self.field(value, age.as_secs())
    }

    /// Removes it.
    pub(crate) fn remove(&self) -> HeaderValue {
        self.field("", 0)
    }

    fn field(&self, value: &str, age: u64) -> HeaderValue {
        let Self { name, path, secure } = self;
        let secure = if *secure { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
        // Names and values are ours, and the path was validated: there is nothing in it that a field can't hold.
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("disinto_chat_none=; Max-Age=0"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(fields: &[&[u8]]) -> HeaderMap {
        fields.iter().map(|field| (COOKIE, HeaderValue::from_bytes(field).unwrap())).collect()
    }

    #[test]
    fn every_cookie_of_the_name_is_found() {
        for (fields, expected) in [
            (vec![&b"s=1; a=2; s=3"[..], b"s=4"], vec!["1", "3", "4"]),
            (vec![b"s=a=b;s=;S=x;ss=y;s ; =z; s = c "], vec!["a=b", "", "c"]),
            (vec![b"\xffs=1;s=\xff;s=2"], vec!["2"]),
            (vec![b""], vec![]),
        ] {
            assert_eq!(values(&headers(&fields), "s").collect::<Vec<_>>(), expected, "{fields:?}");
        }
        let many = "s=x;".repeat(100_000);
        assert_eq!(values(&headers(&[many.as_bytes()]), "s").count(), CANDIDATES);
    }

    #[test]
    fn how_they_are_set() {
        let cookie = Setting { name: "s", path: "/chat", secure: false };
        assert_eq!(cookie.set("v", Duration::from_secs(60)), "s=v; Path=/chat; Max-Age=60; HttpOnly; SameSite=Lax");
        let cookie = Setting { secure: true, ..cookie };
        assert_eq!(cookie.remove(), "s=; Path=/chat; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    }

    proptest! {
        /// Whatever stands around it, the value is among those that are found.
        #[test]
        fn noise_hides_nothing(
            before in prop::collection::vec("[ -:<-~]{0,12}(=[ -:<-~]{0,12})?", 0..8),
            value in "[A-Za-z0-9_-]{1,43}",
            after in prop::collection::vec("[ -:<-~]{0,12}", 0..8),
        ) {
            let pairs: Vec<String> =
                before.into_iter().chain([format!("disinto={value}")]).chain(after).collect();
            let field = pairs.join(";");
            prop_assert!(values(&headers(&[field.as_bytes()]), "disinto").any(|found| found == value));
        }

        #[test]
        fn anything_can_be_read(field in prop::collection::vec(prop_oneof![32_u8..=126, 128_u8..=255], 0..200)) {
            prop_assert!(values(&headers(&[&field]), "s").count() <= CANDIDATES);
        }
    }
}
