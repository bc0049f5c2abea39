//! What differs between any two healthy runs, and so says nothing: ports, identifiers, random values, hashes in the names of files.

use std::borrow::Cow;

use url::{Url, form_urlencoded};

/// Stands for what may be anything.
const ANYTHING: char = '…';
/// Stands for the site's own host and port while texts of two sites are compared. No URL has this character.
const AUTHORITY: char = '\u{1}';
/// Parameters whose values are made anew each time, or for each registration: those of OAuth 2 (RFC 6749, RFC 7636, OpenID Connect),
/// tokens against forged requests, and versions that are there to get past caches.
const VOLATILE_PARAMETERS: &[&str] = &[
    "state",
    "code",
    "nonce",
    "client_id",
    "code_challenge",
    "code_verifier",
    "access_token",
    "refresh_token",
    "id_token",
    "token",
    "csrf",
    "_csrf",
    "csrf_token",
    "v",
    "ver",
    "version",
    "t",
    "ts",
    "hash",
];
/// From here on a word without a break is no word of any language.
const LONG: usize = 20;
/// From here on the last piece of a file's name may be a hash: bundlers write eight characters or more.
const HASH: usize = 8;

/// A site, by what its texts call it.
#[derive(Debug)]
pub(super) struct Site {
    host: String,
    /// Host and port as they stand in URLs.
    authority: String,
}

impl Site {
    pub(super) fn new(base_url: &str) -> Self {
        let url = Url::parse(base_url).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().to_owned();
        let port = url.as_ref().and_then(Url::port).map(|port| format!(":{port}")).unwrap_or_default();
        Self { authority: format!("{host}{port}"), host }
    }

    /// The text with nothing in it that differs from run to run: of two such texts, other ones mean something.
    pub(super) fn key(&self, text: &str) -> String {
        self.url(text, true, 0)
    }

    /// The text as it would stand on the site `now`, with what is made anew each time left out.
    pub(super) fn shown(&self, text: &str, now: &Site) -> String {
        self.url(text, false, 0).replace(AUTHORITY, &now.authority)
    }

    /// A cookie's domain, the site's own host left out.
    pub(super) fn domain(&self, domain: &str) -> String {
        let (dot, bare) = domain.strip_prefix('.').map_or(("", domain), |bare| (".", bare));
        match bare.strip_suffix(self.host.as_str()) {
            Some(rest) if !self.host.is_empty() && (rest.is_empty() || rest.ends_with('.')) => {
                format!("{dot}{rest}{AUTHORITY}")
            }
            _ => domain.to_owned(),
        }
    }

    /// The domain that [`Site::domain`] stands for on this site.
    pub(super) fn host_in(&self, domain: &str) -> String {
        domain.replace(AUTHORITY, &self.host)
    }

    /// A URL, whole or a reference, and any text that has none of a URL's parts. URLs in its parameters are read likewise.
    fn url(&self, text: &str, is_key: bool, depth: usize) -> String {
        let text = self.without_authority(text);
        let (before, fragment) = match text.split_once('#') {
            Some((before, fragment)) => (before, Some(fragment)),
            None => (&*text, None),
        };
        let (path, query) = match before.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (before, None),
        };
        let words = |part: &str| if is_key { settled(part) } else { part.to_owned() };
        let mut out = words(path);
        if let Some(query) = query {
            out.push('?');
            for (index, (name, value)) in form_urlencoded::parse(query.as_bytes()).enumerate() {
                let value = match VOLATILE_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()) {
                    true => ANYTHING.to_string(),
                    false if depth < 2 => self.url(&value, is_key, depth + 1),
                    false => words(&value),
                };
                let and = if index == 0 { "" } else { "&" };
                out.push_str(&format!("{and}{name}={value}"));
            }
        }
        if let Some(fragment) = fragment {
            out.push('#');
            out.push_str(&words(fragment));
        }
        out
    }

    /// The text with the site's host and port, wherever they stand, replaced by a mark.
    fn without_authority<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.authority.is_empty() || !text.contains(&self.authority) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(&self.authority) {
            let end = at + self.authority.len();
            let goes_on = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
            // `edge.test:80` is not in `edge.test:8080`, nor `example.org` in `an-example.org` or `example.organic`.
            let is_whole = !rest[..at].ends_with(goes_on)
                && !rest[end..].starts_with(|next| goes_on(next) || next == ':' && !self.authority.contains(':'));
            out.push_str(&rest[..at]);
            match is_whole {
                true => out.push(AUTHORITY),
                false => out.push_str(&self.authority),
            }
            rest = &rest[end..];
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

/// The text with its numbers, identifiers and hashes replaced.
fn settled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, segment) in text.split('/').enumerate() {
        if index > 0 {
            out.push('/');
        }
        let is_last = text.split('/').count() == index + 1;
        let segment = without_uuids(segment);
        let segment = if is_last { without_hash(&segment) } else { segment };
        let mut word = String::new();
        for character in segment.chars() {
            if character.is_ascii_alphanumeric() {
                word.push(character);
            } else {
                push_word(&mut out, &mut word);
                push(&mut out, character);
            }
        }
        push_word(&mut out, &mut word);
    }
    out
}

fn push_word(out: &mut String, word: &mut String) {
    if is_random(word) {
        push(out, ANYTHING);
    } else {
        out.push_str(word);
    }
    word.clear();
}

/// What is replaced in pieces is one: `1-2` and `12` may be the same identifier.
fn push(out: &mut String, character: char) {
    if character != ANYTHING || !out.ends_with(ANYTHING) {
        out.push(character);
    }
}

/// Whether a word is a number, a hash or an identifier: words of a program's own (`oauth2`, `v1`) change between letters and digits
/// once at most.
fn is_random(word: &str) -> bool {
    let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let changes =
        word.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
    let is_hex = word.bytes().all(|byte| byte.is_ascii_hexdigit()) && word.bytes().any(|byte| byte.is_ascii_digit());
    is_number || changes >= 2 || is_hex && word.len() >= 7 || word.len() >= LONG
}

/// `index-BnABfZg1.js`: the piece before the extension, where it may be a hash of the content.
fn without_hash(name: &str) -> String {
    let Some((stem, extension)) = name.rsplit_once('.') else { return name.to_owned() };
    let is_extension =
        !extension.is_empty() && extension.len() <= 5 && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // A hash may have a hyphen in it, so the name is cut at the first after which as much follows as a hash has.
    let cut = stem.char_indices().find(|(at, character)| {
        let piece = &stem[at + character.len_utf8()..];
        matches!(character, '-' | '.')
            && piece.len() >= HASH
            && piece.len() <= HASH + 2
            && piece.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && piece.bytes().any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    });
    match cut {
        Some((at, character)) if is_extension => format!("{}{character}{ANYTHING}.{extension}", &stem[..at]),
        _ => name.to_owned(),
    }
}

/// The text with its identifiers of the form 8-4-4-4-12 (RFC 9562, section 4) replaced.
fn without_uuids(text: &str) -> String {
    const LENGTH: usize = 36;
    let is_uuid = |piece: &[u8]| {
        piece.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.as_bytes().windows(LENGTH).position(is_uuid) {
        out.push_str(&rest[..at]);
        out.push(ANYTHING);
        rest = &rest[at + LENGTH..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        Site::new("http://edge.test:4123").key(text)
    }

    #[test]
    fn what_differs_from_run_to_run_is_the_same() {
        for (one, other) in [
            ("/ci/repos/1/pipelines/27", "/ci/repos/3/pipelines/4"),
            ("/assets/index-BnABfZg1.js", "/assets/index-CrJLyjpu.js"),
            ("/assets/index-B-_ABfZ1.js", "/assets/index-CrJLyjpu.js"),
            ("/x/0f6c1b2e-7a5d-4cde-9bcd-0123456789ab", "/x/deadbeef-cafe-4abc-9abc-abcdefabcdef"),
            ("/commit/0f6c1b2e7a", "/commit/1234567abc"),
            ("/a?state=x&client_id=1", "/a?state=something-else%20&client_id=2"),
            ("/forge/assets/css/index.css?v=11.0.1~gitea-1.22.0", "/forge/assets/css/index.css?v=12.0"),
            ("/smoke/demo-k3j9xq", "/smoke/demo-9bb2x1"),
        ] {
            assert_eq!(key(one), key(other));
        }
    }

    #[test]
    fn what_a_program_calls_things_by_is_not() {
        for (one, other) in [
            ("/forge/user/login", "/user/login"),
            ("/forge/login/oauth2", "/forge/login/oauth"),
            ("/api/v1/version", "/api/v2/version"),
            ("/login?error=oauth_error", "/login?error=invalid_state"),
            (
                "/a?redirect_uri=http%3A%2F%2Fedge.test%3A4123%2Fci%2Fauthorize",
                "/a?redirect_uri=http%3A%2F%2Fedge.test%3A4123%2Fauthorize",
            ),
            ("http://edge.test:4123/", "http://forge:3000/"),
            ("http://edge.test:4123/", "https://edge.test:4123/"),
            ("/favicons/favicon-light-default.png", "/favicons/favicon-dark-default.png"),
            ("/forge/", "/forge"),
            ("", "/"),
        ] {
            assert_ne!(key(one), key(other), "{one}");
        }
    }

    #[test]
    fn the_site_is_called_by_its_own_name_and_no_other_is_taken_for_it() {
        let (one, other) = (Site::new("http://edge.test:4123"), Site::new("http://edge.test:9"));
        let same = |path: &str| {
            (one.key(&path.replace("{}", "edge.test:4123")), other.key(&path.replace("{}", "edge.test:9")))
        };
        for path in ["http://{}/forge/", "http://forge.{}/", "/a?redirect_uri=http%3A%2F%2F{}%2Fci", "{}"] {
            let (left, right) = same(path);
            assert_eq!(left, right, "{path}");
        }
        let encoded = |port: &str| format!("/a?redirect_uri=http%3A%2F%2Fedge.test%3A{port}%2Fci");
        assert_eq!(one.key(&encoded("4123")), other.key(&encoded("9")));
        assert_ne!(one.key("http://edge.test:4123/"), one.key("http://an-edge.test:4123/"));
        assert!(!one.key("http://edge.test:41234/").contains(AUTHORITY));
        let public = Site::new("https://example.org");
        assert!(!public.key("https://example.org:8443/").contains(AUTHORITY));
        assert!(!public.key("https://example.organic/").contains(AUTHORITY));
        assert_eq!(one.shown("http://forge.edge.test:4123/1?state=x", &other), "http://forge.edge.test:9/1?state=…");
        assert_eq!(other.host_in(&one.domain(".forge.edge.test")), ".forge.edge.test");
        assert_eq!(one.domain("bridge.test"), "bridge.test");
    }
}
