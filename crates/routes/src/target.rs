//! Request targets (RFC 9112, section 3.2), read and rewritten the way Caddy does.
//!
//! Caddy is written in Go, whose `net/url` keeps a path twice: decoded, which matchers compare, and encoded as it came, which goes to the
//! service, but only as long as it is a well-formed encoding; otherwise the whole path is encoded anew. Cleaning and taking a prefix off
//! work on the encoded form. Observed with Caddy 2.11.9; a differential suite holds this module to it.

/// A request target as the edge sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The host that an absolute-form target names; it takes the place of `Host` (RFC 9112, section 3.2.2).
    pub authority: Option<String>,
    decoded: Vec<u8>,
    /// The encoding as it came, or empty where it is the default one.
    raw: String,
    query: Option<String>,
}

/// Why a request target can't be read; the edge answers 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Control characters.
    #[error("the request target contains a control character")]
    Control,
    /// Neither a path, nor a URL, nor `*`.
    #[error("the request target is neither a path nor a URL")]
    Form,
    /// A percent sign without two hexadecimal digits.
    #[error("the request target contains a percent sign that is not followed by two hexadecimal digits")]
    Encoding,
}

impl Target {
    /// Reads a target as it stands in the request line.
    ///
    /// # Errors
    /// What makes it none.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        if text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
            return Err(TargetError::Control);
        }
        if text == "*" {
            return Ok(Self { authority: None, decoded: b"*".to_vec(), raw: String::new(), query: None });
        }
        let (authority, rest) = split_authority(text)?;
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (rest, None),
        };
        let decoded = unescape(path).ok_or(TargetError::Encoding)?;
        let raw = if escape(&decoded) == path { String::new() } else { path.to_owned() };
        Ok(Self { authority, decoded, raw, query })
    }

    /// The path as it goes to a service: as it came where that is well-formed, else encoded anew.
    pub fn escaped_path(&self) -> String {
        if !self.raw.is_empty() && is_valid_encoding(&self.raw) && unescape(&self.raw).as_ref() == Some(&self.decoded) {
            self.raw.clone()
        } else if self.decoded == b"*" {
            "*".to_owned()
        } else {
            escape(&self.decoded)
        }
    }

    /// Path and query as they go to a service.
    pub fn request_uri(&self) -> String {
        let mut text = self.escaped_path();
        if text.is_empty() {
            text.push('/');
        }
        if let Some(query) = &self.query {
            text.push('?');
            text.push_str(query);
        }
        text
    }

    /// The query with its question mark; empty where there is none or it is empty.
    pub fn prefixed_query(&self) -> String {
        match self.query.as_deref() {
            None | Some("") => String::new(),
            Some(query) => format!("?{query}"),
        }
    }

    /// The path that matchers compare: decoded, cleaned, in lower case.
    pub fn comparable_path(&self) -> String {
        let lower: Vec<u8> =
            String::from_utf8_lossy(&self.decoded).chars().flat_map(simple_lowercase).collect::<String>().into_bytes();
        String::from_utf8_lossy(&clean_bytes(&lower)).into_owned()
    }

    /// Takes a prefix (`/forge`) off the cleaned path. A path without it stays as it is, but for being cleaned.
    pub fn strip_prefix(&mut self, prefix: &str) {
        let mut stripped = false;
        self.change(|path| {
            let cleaned = clean_bytes(path);
            let trimmed = trim_prefix(&cleaned, prefix.as_bytes());
            stripped |= trimmed.len() != cleaned.len();
            trimmed.to_vec()
        });
        if stripped {
            self.canonicalize();
        }
    }

    /// Puts a prefix (`/chat`) before the path.
    pub fn add_prefix(&mut self, prefix: &str) {
        self.change(|path| if path.starts_with(b"/") { [prefix.as_bytes(), path].concat() } else { path.to_vec() });
    }

    fn change(&mut self, mut edit: impl FnMut(&[u8]) -> Vec<u8>) {
        self.raw = String::from_utf8_lossy(&edit(self.escaped_path().as_bytes())).into_owned();
        self.decoded = match unescape(&self.raw) {
            Some(path) if !path.is_empty() => path,
            _ => edit(&self.decoded),
        };
        if self.raw == escape(&self.decoded) {
            self.raw.clear();
        }
    }

    /// What is left after a prefix was taken off begins with a slash, and has no dot segments that the prefix had hidden.
    fn canonicalize(&mut self) {
        let anchored = |path: &[u8]| if path.starts_with(b"/") { path.to_vec() } else { [b"/", path].concat() };
        let cleaned = clean_keeping_slashes(escape(&anchored(&self.decoded)).as_bytes());
        self.decoded = unescape(&String::from_utf8_lossy(&cleaned)).unwrap_or(cleaned);
        if !self.raw.is_empty() {
            let raw = String::from_utf8_lossy(&anchored(self.raw.as_bytes())).into_owned();
            let same = unescape(&raw).as_ref() == Some(&self.decoded) && raw != escape(&self.decoded);
            self.raw = if same { raw } else { String::new() };
        }
    }
}

fn split_authority(text: &str) -> Result<(Option<String>, &str), TargetError> {
    if text.starts_with('/') {
        return Ok((None, text));
    }
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let after = if lower.starts_with("http://") {
        &text[7..]
    } else if lower == "https://" {
        &text[8..]
    } else {
        return Err(TargetError::Form);
    };
    let end = after.find(['/', '?']).unwrap_or(after.len());
    let authority = after[..end].rsplit('@').next().unwrap_or_default();
    if authority.is_empty() {
        return Err(TargetError::Form);
    }
    Ok((Some(authority.to_owned()), &after[end..]))
}

/// One character for one, as Go's `strings.ToLower` has it: `İ` becomes `i`, not two characters.
fn simple_lowercase(character: char) -> Option<char> {
    character.to_lowercase().next()
}

/// Cleans a path: no empty segments, no `.` and `..`; a slash at its end stays.
pub(crate) fn clean(path: &str) -> String {
    String::from_utf8_lossy(&clean_bytes(path.as_bytes())).into_owned()
}

fn clean_bytes(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut segments: Vec<&[u8]> = Vec::new();
    for segment in path.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." if segments.last().is_some_and(|last| *last != b"..") => {
                segments.pop();
            }
            b".." if rooted => {}
            _ => segments.push(segment),
        }
    }
    let mut cleaned = if rooted { b"/".to_vec() } else { Vec::new() };
    cleaned.extend_from_slice(&segments.join(&b'/'));
    if cleaned.is_empty() {
        cleaned.push(b'.');
    }
    if path.ends_with(b"/") && cleaned != b"/" {
        cleaned.push(b'/');
    }
    cleaned
}

/// The same, but empty segments stay.
fn clean_keeping_slashes(path: &[u8]) -> Vec<u8> {
    /// No byte of an encoded path.
    const EMPTY_SEGMENT: u8 = 0xff;
    let mut marked = Vec::with_capacity(path.len() + 1);
    for (index, byte) in path.iter().enumerate() {
        if *byte == b'/' && index > 0 && path[index - 1] == b'/' {
            marked.push(EMPTY_SEGMENT);
        }
        marked.push(*byte);
    }
    let mut cleaned = clean_bytes(&marked);
    cleaned.retain(|byte| *byte != EMPTY_SEGMENT);
    cleaned
}

/// Compares decoded characters, without regard to case.
fn trim_prefix<'a>(path: &'a [u8], prefix: &[u8]) -> &'a [u8] {
    let mut position = 0;
    for expected in prefix {
        let Some(byte) = path.get(position) else { return path };
        let (byte, length) = match (byte, path.get(position + 1..position + 3)) {
            (b'%', Some(digits)) => match hexadecimal(digits) {
                Some(decoded) => (decoded, 3),
                None => return path,
            },
            (byte, _) => (*byte, 1),
        };
        if !byte.eq_ignore_ascii_case(expected) {
            return path;
        }
        position += length;
    }
    &path[position..]
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    match digits {
        [high, low] => u8::try_from(value(*high)? * 16 + value(*low)?).ok(),
        _ => None,
    }
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut position = 0;
    while let Some(byte) = bytes.get(position) {
        if *byte == b'%' {
            decoded.push(hexadecimal(bytes.get(position + 1..position + 3)?)?);
            position += 3;
        } else {
            decoded.push(*byte);
            position += 1;
        }
    }
    Some(decoded)
}

fn needs_no_escape(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte)
}

fn escape(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path {
        if needs_no_escape(*byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

fn is_valid_encoding(text: &str) -> bool {
    text.bytes().all(|byte| needs_no_escape(byte) || b"!'()*[]%".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Target {
        Target::parse(text).unwrap()
    }

    #[test]
    fn a_well_formed_path_goes_on_byte_for_byte() {
        for text in [
            "/",
            "/a/b?x=1&y",
            "/a%2Fb",
            "/a%2fb/%41",
            "//a//b",
            "/a/../b/./c",
            "/a!'()*[]",
            "/ä?q".replace('ä', "%C3%A4").as_str(),
            "/a?",
            "/?a?b",
        ] {
            assert_eq!(parse(text).request_uri(), text);
        }
    }

    #[test]
    fn an_ill_formed_path_is_encoded_anew_as_a_whole() {
        for (text, sent) in [("/a\\b", "/a%5Cb"), ("/ä", "/%C3%A4"), ("/a|%2F", "/a%7C/"), ("/a\"<>", "/a%22%3C%3E")] {
            assert_eq!(parse(text).request_uri(), sent);
        }
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for (text, error) in [
            ("", TargetError::Form),
            ("forge/", TargetError::Form),
            ("ftp://h/", TargetError::Form),
            ("http:///x", TargetError::Form),
            ("/%", TargetError::Encoding),
            ("/%zz", TargetError::Encoding),
            ("/a\u{7f}", TargetError::Control),
        ] {
            assert_eq!(Target::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn an_absolute_form_names_its_host() {
        let target = parse("http://user@edge.test:1/forge/?q");
        assert_eq!((target.authority.as_deref(), target.request_uri().as_str()), (Some("edge.test:1"), "/forge/?q"));
        assert_eq!(parse("HTTPS://h").request_uri(), "/");
    }

    #[test]
    fn matchers_see_a_clean_decoded_lower_case_path() {
        for (text, seen) in [
            ("//chat//x", "/chat/x"),
            ("/chat/login/../history", "/chat/history"),
            ("/a/%2e%2E/CHAT/x/", "/chat/x/"),
            ("/%63hat/", "/chat/"),
            ("/..", "/"),
            ("/a/..", "/"),
            ("/c%C4%B0/", "/ci/"),
            ("*", "*"),
            ("http://h", "."),
        ] {
            assert_eq!(parse(text).comparable_path(), seen, "{text}");
        }
    }

    #[test]
    fn a_prefix_is_taken_off_the_clean_path() {
        for (text, sent) in [
            ("/forge/", "/"),
            ("/forge", "/"),
            ("/forge/a%2Fb?q=%2F", "/a%2Fb?q=%2F"),
            ("//forge//a", "/a"),
            ("/FORGE/a", "/a"),
            ("/%66orge/a", "/a"),
            ("/x/../forge/a", "/a"),
            ("/forge%2Fa", "/a"),
            ("/forge/a/../b/", "/b/"),
            ("/forge/%2e%2e/a", "/a"),
            ("/forge/a\\b", "/a%5Cb"),
            ("/other/./x", "/other/x"),
            ("/c%C4%B0/x", "/c%C4%B0/x"),
        ] {
            let mut target = parse(text);
            target.strip_prefix("/forge");
            assert_eq!(target.request_uri(), sent, "{text}");
        }
    }

    #[test]
    fn a_prefix_is_put_before_the_path_as_it_is() {
        for (text, sent) in [
            ("/", "/chat/"),
            ("/login?a", "/chat/login?a"),
            ("//x", "/chat//x"),
            ("/a%2Fb", "/chat/a%2Fb"),
            ("/a|", "/chat/a%7C"),
        ] {
            let mut target = parse(text);
            target.add_prefix("/chat");
            assert_eq!(target.request_uri(), sent, "{text}");
        }
    }
}
