//! A cookie store that keeps every attribute and the raw field.
//!
//! It follows RFC 6265 with the rules of 6265bis that every browser has: a cookie with `Secure` needs https, name
//! prefixes are honoured, `SameSite=None` needs `Secure`. What a browser would refuse is kept with the reason, so that a
//! report can say why a session is missing. Two things are left out: public suffixes (a `Domain` of `co.uk`), and holding
//! cookies back by `SameSite`, as every request of a journey is a top-level navigation.

use verdict::evidence::SetCookie;

use super::date::parse_cookie_date;
use super::target::{Address, Scheme};

/// A cookie as its last `Set-Cookie` wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    /// The name.
    pub name: String,
    /// The value; bytes that aren't UTF-8 are replaced.
    pub value: String,
    /// `Path`, as sent.
    pub path_attribute: Option<String>,
    /// `Domain`, as sent.
    pub domain_attribute: Option<String>,
    /// `SameSite`, as sent.
    pub same_site: Option<String>,
    /// `HttpOnly` was there.
    pub http_only: bool,
    /// `Secure` was there.
    pub secure: bool,
    /// When it ends, in seconds since 1970; `None` with the session.
    pub expires: Option<i64>,
    /// The whole field.
    pub raw: String,
    /// The address whose answer set it.
    pub set_by: Address,
    domain: String,
    host_only: bool,
    path: String,
    /// Counts the `Set-Cookie` fields of the jar.
    set: usize,
}

/// The cookies of one journey.
#[derive(Debug, Clone, Default)]
pub struct Jar {
    /// In order of creation; an update keeps the place (RFC 6265, section 5.3).
    cookies: Vec<Cookie>,
    /// Name and reason of what was refused last.
    refused: Vec<(String, String)>,
    fields: usize,
}

impl Jar {
    /// Stores, or deletes, what a `Set-Cookie` field says. `now` is in seconds since 1970.
    ///
    /// Gives the field as evidence; `None` where it isn't even a name and a value.
    pub fn store(&mut self, field: &[u8], from: &Address, now: i64) -> SetCookie {
        let raw = String::from_utf8_lossy(field).into_owned();
        self.fields += 1;
        let mut cookie = match parse(&raw, from, now) {
            Ok(cookie) => cookie,
            Err(reason) => {
                let name = raw.split(['=', ';']).next().unwrap_or_default().trim().to_owned();
                return SetCookie {
                    name,
                    path: None,
                    domain: None,
                    http_only: false,
                    secure: false,
                    same_site: None,
                    deleted: false,
                    refused: Some(reason),
                };
            }
        };
        let deleted = cookie.expires.is_some_and(|end| end <= now);
        let refused = refusal(&cookie, from);
        let evidence = SetCookie {
            name: cookie.name.clone(),
            path: cookie.path_attribute.clone(),
            domain: cookie.domain_attribute.clone(),
            http_only: cookie.http_only,
            secure: cookie.secure,
            same_site: cookie.same_site.clone(),
            deleted,
            refused: refused.clone(),
        };
        if let Some(reason) = refused {
            self.refused.retain(|(name, _)| *name != cookie.name);
            self.refused.push((cookie.name, reason));
            return evidence;
        }
        cookie.set = self.fields;
        let same =
            |other: &Cookie| other.name == cookie.name && other.domain == cookie.domain && other.path == cookie.path;
        let place = self.cookies.iter().position(same);
        match (place, deleted) {
            (Some(index), true) => {
                self.cookies.remove(index);
            }
            (Some(index), false) => self.cookies[index] = cookie,
            (None, true) => {}
            (None, false) => self.cookies.push(cookie),
        }
        evidence
    }

    /// The `Cookie` field for a request, or `None` where no cookie goes along. Longer paths come first.
    pub fn header(&self, to: &Address, now: i64) -> Option<String> {
        let mut matching: Vec<&Cookie> = self.cookies.iter().filter(|cookie| cookie.goes_to(to, now)).collect();
        matching.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = matching.iter().map(|cookie| cookie.pair()).collect();
        if pairs.is_empty() { None } else { Some(pairs.join("; ")) }
    }

    /// The cookie with this name; of several, under different paths or domains, the one that was set last.
    pub fn last_named(&self, name: &str, now: i64) -> Option<&Cookie> {
        let alive = |cookie: &&Cookie| cookie.name == name && cookie.expires.is_none_or(|end| end > now);
        self.cookies.iter().filter(alive).max_by_key(|cookie| cookie.set)
    }

    /// Forgets the cookies that `is_forgotten` is true of.
    pub fn forget(&mut self, is_forgotten: impl Fn(&Cookie) -> bool) {
        self.cookies.retain(|cookie| !is_forgotten(cookie));
    }

    /// The names of all cookies.
    pub fn names(&self) -> Vec<&str> {
        self.cookies.iter().map(|cookie| cookie.name.as_str()).collect()
    }

    /// Why a cookie of this name was last refused.
    pub fn refusal(&self, name: &str) -> Option<&str> {
        self.refused.iter().find(|(other, _)| other == name).map(|(_, reason)| reason.as_str())
    }
}

impl Cookie {
    fn pair(&self) -> String {
        if self.name.is_empty() { self.value.clone() } else { format!("{}={}", self.name, self.value) }
    }

    fn goes_to(&self, to: &Address, now: i64) -> bool {
        let host = &to.origin.host;
        let domain_matches = if self.host_only { *host == self.domain } else { domain_match(host, &self.domain) };
        domain_matches
            && path_match(to.path(), &self.path)
            && (!self.secure || to.origin.scheme == Scheme::Https)
            && self.expires.is_none_or(|end| end > now)
    }
}

/// RFC 6265, section 5.2, and the storage model of 5.3 as far as it concerns a single field.
fn parse(raw: &str, from: &Address, now: i64) -> Result<Cookie, String> {
    let mut parts = raw.split(';');
    let pair = parts.next().unwrap_or_default();
    let Some((name, value)) = pair.split_once('=') else {
        return Err("it has no `=` between name and value".to_owned());
    };
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() {
        return Err("it has no name".to_owned());
    }
    if let Some(control) = pair.chars().find(|c| c.is_control() && *c != '\t') {
        return Err(format!("{control:?} can't stand in a cookie"));
    }
    let mut cookie = Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        path_attribute: None,
        domain_attribute: None,
        same_site: None,
        http_only: false,
        secure: false,
        expires: None,
        raw: raw.to_owned(),
        set_by: from.clone(),
        domain: from.origin.host.clone(),
        host_only: true,
        path: default_path(from.path()).to_owned(),
        set: 0,
    };
    let mut max_age = None;
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "path" => cookie.path_attribute = Some(value.to_owned()),
            "domain" => cookie.domain_attribute = Some(value.to_owned()),
            "samesite" => cookie.same_site = Some(value.to_owned()),
            "httponly" => cookie.http_only = true,
            "secure" => cookie.secure = true,
            "expires" => cookie.expires = parse_cookie_date(value).or(cookie.expires),
            "max-age" => max_age = value.parse::<i64>().ok().or(max_age),
            _ => {}
        }
    }
    if let Some(path) = &cookie.path_attribute
        && path.starts_with('/')
    {
        cookie.path = path.clone();
    }
    if let Some(domain) = &cookie.domain_attribute
        && !domain.trim_start_matches('.').is_empty()
    {
        cookie.domain = domain.trim_start_matches('.').to_ascii_lowercase();
        cookie.host_only = false;
    }
    if let Some(seconds) = max_age {
        cookie.expires = Some(if seconds <= 0 { i64::MIN } else { now.saturating_add(seconds) });
    }
    Ok(cookie)
}

/// The clock of cookies: seconds since 1970.
pub fn now() -> i64 {
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}

/// Why a browser doesn't store the cookie.
fn refusal(cookie: &Cookie, from: &Address) -> Option<String> {
    let host = &from.origin.host;
    let is_secure_origin = from.origin.scheme == Scheme::Https;
    if !cookie.host_only && !domain_match(host, &cookie.domain) {
        return Some(format!("its Domain `{}` isn't `{host}` or above it", cookie.domain));
    }
    if cookie.secure && !is_secure_origin {
        return Some("it is Secure, and came over http".to_owned());
    }
    let lower = cookie.name.to_ascii_lowercase();
    if lower.starts_with("__secure-") && !cookie.secure {
        return Some("a name with __Secure- needs Secure".to_owned());
    }
    let is_host_cookie = cookie.secure && cookie.domain_attribute.is_none() && cookie.path == "/";
    if lower.starts_with("__host-") && !is_host_cookie {
        return Some("a name with __Host- needs Secure, Path=/ and no Domain".to_owned());
    }
    let is_none = cookie.same_site.as_deref().is_some_and(|value| value.eq_ignore_ascii_case("none"));
    if is_none && !cookie.secure {
        return Some("SameSite=None needs Secure".to_owned());
    }
    if cookie.name.len() + cookie.value.len() > 4096 {
        return Some("name and value are over 4096 bytes".to_owned());
    }
    None
}

/// RFC 6265, section 5.1.4.
fn default_path(request_path: &str) -> &str {
    match request_path.rfind('/') {
        Some(index) if index > 0 && request_path.starts_with('/') => &request_path[..index],
        _ => "/",
    }
}

/// RFC 6265, section 5.1.3; an address matches only itself.
fn domain_match(host: &str, domain: &str) -> bool {
    let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    host == domain || (!is_address && host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

/// RFC 6265, section 5.1.4.
fn path_match(request_path: &str, cookie_path: &str) -> bool {
    request_path
        .strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::http::target::Origin;
    use proptest::prelude::*;

    fn at(url: &str) -> Address {
        Address::parse(url, &Origin::parse("http://edge.test").unwrap()).unwrap()
    }

    fn sent(jar: &Jar, url: &str) -> String {
        jar.header(&at(url), 1_000).unwrap_or_default()
    }

    #[test]
    fn a_session_stays_under_its_path() {
        let mut jar = Jar::default();
        jar.store(b"i_like_gitea=abc; Path=/forge; HttpOnly; SameSite=Lax", &at("/forge/"), 1_000);
        assert_eq!(sent(&jar, "/forge/user/login"), "i_like_gitea=abc");
        assert_eq!(sent(&jar, "/forge"), "i_like_gitea=abc");
        assert_eq!(sent(&jar, "/forgery"), "");
        assert_eq!(sent(&jar, "/ci/"), "");
        assert_eq!(sent(&jar, "http://other.test/forge/"), "");
    }

    #[test]
    fn longer_paths_come_first_and_both_are_sent() {
        let mut jar = Jar::default();
        jar.store(b"s=wide; Path=/", &at("/"), 1_000);
        jar.store(b"s=narrow; Path=/chat", &at("/chat/"), 1_000);
        assert_eq!(sent(&jar, "/chat/ws"), "s=narrow; s=wide");
    }

    #[test]
    fn an_older_path_is_deleted_alone() {
        let mut jar = Jar::default();
        jar.store(b"s=1; Path=/forge", &at("/forge/x"), 1_000);
        let deleted = jar.store(b"s=; Path=/forge/; Max-Age=0", &at("/forge/x"), 1_000);
        assert!(deleted.deleted);
        assert_eq!(sent(&jar, "/forge/x"), "s=1");
        jar.store(b"s=; Path=/forge; Expires=Thu, 01 Jan 1970 00:00:00 GMT", &at("/forge/x"), 1_000);
        assert_eq!(sent(&jar, "/forge/x"), "");
    }

    #[test]
    fn what_a_browser_refuses_is_kept_with_the_reason() {
        let cases: [(&[u8], &str, &str); 6] = [
            (b"s=1; Secure", "http://edge.test/", "it is Secure, and came over http"),
            (
                b"s=1; Domain=forge.edge.test",
                "http://edge.test/",
                "its Domain `forge.edge.test` isn't `edge.test` or above it",
            ),
            (
                b"__Host-s=1; Secure; Path=/chat",
                "https://edge.test/",
                "a name with __Host- needs Secure, Path=/ and no Domain",
            ),
            (b"s=1; SameSite=None", "http://edge.test/", "SameSite=None needs Secure"),
            (b"garbage", "http://edge.test/", "it has no `=` between name and value"),
            (b"=x", "http://edge.test/", "it has no name"),
        ];
        for (field, from, reason) in cases {
            let mut jar = Jar::default();
            assert_eq!(jar.store(field, &at(from), 1_000).refused.as_deref(), Some(reason));
            assert_eq!(jar.header(&at(from), 1_000), None);
        }
    }

    #[test]
    fn domain_cookies_reach_names_below() {
        let mut jar = Jar::default();
        jar.store(b"s=1; Domain=.edge.test; Path=/", &at("http://forge.edge.test/"), 1_000);
        assert_eq!(sent(&jar, "http://chat.edge.test/"), "s=1");
        assert_eq!(sent(&jar, "http://badedge.test/"), "");
    }

    proptest! {
        #[test]
        fn any_bytes_are_stored_or_refused(field in proptest::collection::vec(any::<u8>(), 0..200), path in "/[a-z/]{0,10}") {
            let mut jar = Jar::default();
            let cookie = jar.store(&field, &at(&path), 1_000);
            if cookie.refused.is_some() {
                prop_assert!(jar.header(&at(&path), 1_000).is_none());
            }
        }

        #[test]
        fn a_cookie_without_attributes_comes_back_to_where_it_was_set(name in "[a-z]{1,8}", value in "[a-zA-Z0-9]{0,20}", path in "(/[a-z]{1,5}){0,4}/?") {
            let address = at(if path.is_empty() { "/" } else { &path });
            let mut jar = Jar::default();
            jar.store(format!("{name}={value}").as_bytes(), &address, 1_000);
            prop_assert_eq!(jar.header(&address, 1_000), Some(format!("{name}={value}")));
        }
    }
}
