//! Addresses whose target stays as it was written.
//!
//! URL libraries resolve dots, decode escapes and turn `\` into `/` (WHATWG URL). That is right for what a browser
//! reads from a page, and wrong for a test that asks what the edge makes of `/chat/%2e%2e/x`.

use std::fmt;

/// `http` or `https`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// Cleartext HTTP/1.1.
    Http,
    /// HTTP/1.1 over TLS.
    Https,
}

impl Scheme {
    /// The scheme's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The port that is left out of an address.
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// Scheme, host and port: what the web calls an origin (RFC 6454).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// The host in lower case; an IPv6 address in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Origin {
    /// Whether the host is an IP address rather than a name.
    pub fn is_address(&self) -> bool {
        self.host.starts_with('[') || self.host.parse::<std::net::Ipv4Addr>().is_ok()
    }

    /// `host`, or `host:port` where the port isn't the scheme's own: the `Host` field (RFC 9110, section 7.2).
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

/// Where a request goes: an origin, and a target in origin form (RFC 9112, section 3.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The origin.
    pub origin: Origin,
    /// Path and query, byte for byte as written; never empty.
    pub target: String,
}

/// Why a text isn't an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither an absolute URL nor a path.
    #[error("`{0}` is neither an http(s) URL nor a path that starts with `/`")]
    Form(String),
    /// An origin with more behind it.
    #[error("an origin has no path, and this one goes on with `{0}`")]
    Path(String),
    /// A URL without a host, or with one that isn't a name or an address.
    #[error("`{0}` has no valid host")]
    Host(String),
    /// A port out of range.
    #[error("`{0}` has no valid port")]
    Port(String),
    /// User name and password in a URL; they would end up in logs.
    #[error("an address must not carry credentials; use `basic_auth`")]
    Credentials,
    /// A character that can't be sent in a request line.
    #[error("{character:?} can't stand in a request target; write it percent-encoded")]
    Character {
        /// The character.
        character: char,
    },
}

impl Address {
    /// Reads an absolute `http` or `https` URL, or a plain path relative to `base`. A path that starts with two
    /// slashes is a path. A fragment is dropped, as it is never sent.
    ///
    /// # Errors
    /// [`AddressError`], with what is wrong.
    pub fn parse(text: &str, base: &Origin) -> Result<Self, AddressError> {
        let text = text.split('#').next().unwrap_or_default();
        if text.starts_with('/') {
            return Ok(Self { origin: base.clone(), target: checked_target(text)?.to_owned() });
        }
        let (origin, rest) = split_origin(text)?;
        let target = match rest.chars().next() {
            None => "/".to_owned(),
            Some('/') => checked_target(rest)?.to_owned(),
            Some(_) => format!("/{}", checked_target(rest)?),
        };
        Ok(Self { origin, target })
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The same address with parameters added to its query, form-urlencoded.
    #[must_use]
    pub fn with_query(mut self, parameters: &[(String, String)]) -> Self {
        if !parameters.is_empty() {
            self.target.push(if self.target.contains('?') { '&' } else { '?' });
            self.target.push_str(&form_urlencoded(parameters));
        }
        self
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.origin, self.target)
    }
}

/// `a=1&b=2` (WHATWG URL, application/x-www-form-urlencoded).
pub fn form_urlencoded(pairs: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Reads `scheme://host:port` and gives back what follows.
fn split_origin(text: &str) -> Result<(Origin, &str), AddressError> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
        _ => return Err(AddressError::Form(text.to_owned())),
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    if authority.contains('@') {
        return Err(AddressError::Credentials);
    }
    let (host, port) = match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => (&authority[..colon], Some(&authority[colon + 1..])),
        _ => (authority, None),
    };
    let port = match port {
        None | Some("") => scheme.default_port(),
        Some(digits) => match digits.parse::<u16>() {
            Ok(port) if port > 0 => port,
            _ => return Err(AddressError::Port(text.to_owned())),
        },
    };
    let host = url::Host::parse(host).map_err(|_| AddressError::Host(text.to_owned()))?.to_string();
    Ok((Origin { scheme, host, port }, rest))
}

/// The request line is delimited by white space, and its grammar has no `<`, `>` or backtick, nor a `"` in the query:
/// hyper refuses them too.
fn checked_target(target: &str) -> Result<&str, AddressError> {
    let query = target.find('?').unwrap_or(target.len());
    let is_wrong = |(index, character): &(usize, char)| {
        let is_delimiter = matches!(character, '<' | '>' | '`') || (*character == '"' && *index > query);
        character.is_ascii_whitespace() || character.is_control() || is_delimiter
    };
    match target.char_indices().find(is_wrong) {
        Some((_, character)) => Err(AddressError::Character { character }),
        None => Ok(target),
    }
}

impl Origin {
    /// Reads an origin, such as a base URL; a path after it is refused.
    ///
    /// # Errors
    /// [`AddressError`], with what is wrong.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        match split_origin(text)? {
            (origin, "" | "/") => Ok(origin),
            (_, rest) => Err(AddressError::Path(rest.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn base() -> Origin {
        Origin::parse("http://edge.test:8080").unwrap()
    }

    #[test]
    fn a_target_keeps_every_byte() {
        for target in ["//chat/x", "/chat/%2e%2e/x", "/chat/../x", r"/chat\..\x", "/a?b=c?d&e=%zz", "/é", "/{a}|^"] {
            assert_eq!(Address::parse(target, &base()).unwrap().target, target);
            let absolute = format!("http://other.test{target}");
            assert_eq!(Address::parse(&absolute, &base()).unwrap().target, target);
        }
    }

    #[test]
    fn an_origin_is_read_as_the_web_reads_it() {
        let address = Address::parse("HTTPS://Forge.Edge.TEST:443?x=1#top", &base()).unwrap();
        assert_eq!(address.to_string(), "https://forge.edge.test/?x=1");
        assert_eq!(Address::parse("http://[::1]:81/x", &base()).unwrap().origin.authority(), "[::1]:81");
        assert_eq!(Address::parse("http://h", &base()).unwrap().target, "/");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let refused = |text: &str| Address::parse(text, &base()).unwrap_err();
        assert_eq!(refused("ftp://h/x"), AddressError::Form("ftp://h/x".into()));
        assert_eq!(refused("x/y"), AddressError::Form("x/y".into()));
        assert_eq!(refused("http:///x"), AddressError::Host("http:///x".into()));
        assert_eq!(refused("http://h:99999/"), AddressError::Port("http://h:99999/".into()));
        assert_eq!(refused("http://u:p@h/"), AddressError::Credentials);
        assert_eq!(refused("/a b"), AddressError::Character { character: ' ' });
        assert!(Origin::parse("http://h/forge").is_err());
    }

    #[test]
    fn what_is_read_can_be_sent_whatever_its_characters() {
        for character in (0..0x100).filter_map(char::from_u32) {
            for target in [format!("/x{character}"), format!("/?{character}"), format!("/?x?{character}")] {
                if let Ok(address) = Address::parse(&target, &base()) {
                    assert!(address.target.parse::<http::uri::PathAndQuery>().is_ok(), "{target:?}");
                }
            }
        }
        assert!(Address::parse("/\"", &base()).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            if let Ok(address) = Address::parse(&text, &base()) {
                prop_assert!(address.target.starts_with('/'));
                prop_assert!(address.target.parse::<http::uri::PathAndQuery>().is_ok(), "{}", address.target);
            }
        }
    }
}
