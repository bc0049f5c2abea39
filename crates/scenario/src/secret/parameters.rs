//! Secrets that nobody has to name: what OAuth and its relatives carry in URLs and JSON.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// What stands in place of a value.
const MASK: &str = "***";

/// `name=value` in a query or a fragment, also where the text around it is HTML (`&amp;`) or JSON as Go writes it. The
/// names are those of RFC 6749, 7521, 7636 and OpenID Connect, and what services call tokens in their URLs.
static IN_URLS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?:[?&#;]|\\u0026)(code|state|access_token|refresh_token|id_token|token|client_secret|client_assertion|code_verifier)=([^&#"'<>\\\s;,)]+)"#,
    )
    .ok()
});

/// A member of a JSON object, as token endpoints (RFC 6749, section 5.1) and the APIs of forges answer it.
static IN_JSON: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#""(access_token|refresh_token|id_token|token|client_secret|sha1)"\s*:\s*"((?:[^"\\]|\\.)+)""#).ok()
});

/// Parameters that say that a URL belongs to OAuth: `state` alone has other meanings as well (`?state=open`), and so has
/// `code`.
const COMPANY: &[&str] =
    &["code=", "state=", "client_id=", "response_type=", "error=", "code%3D", "state%3D", "client_id%3D"];

/// A value that is found to be secret.
struct Found<'text> {
    range: Range<usize>,
    name: &'text str,
    value: &'text str,
    in_url: bool,
    is_accompanied: bool,
}

/// A bare `token` in JSON may as well be a word of a text that comes piece by piece. One that opens something is of the characters of a
/// `token68` (RFC 9110, section 11.2), and long enough not to be guessed.
fn may_open(value: &str) -> bool {
    const SHORTEST: usize = 16;
    let is_one = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    value.len() >= SHORTEST && value.bytes().all(is_one)
}

/// Hides the values of such parameters wherever they stand in a text: URLs, header fields, contents, messages.
pub fn mask_parameters(text: &str) -> Cow<'_, str> {
    let found = find(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for Found { range, .. } in found {
        if range.start >= copied {
            out.push_str(&text[copied..range.start]);
            out.push_str(MASK);
            copied = range.end;
        }
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// The values of such parameters that are secret beyond doubt, so that they can be hidden elsewhere too: in other URLs
/// that carry them encoded, in pages, in logs. Short ones would hide innocent words.
pub fn parameter_values(text: &str) -> Vec<String> {
    const SHORTEST: usize = 8;
    let found = find(text).into_iter();
    found
        .filter(|found| found.is_accompanied || !matches!(found.name, "code" | "state"))
        .map(|found| match found.in_url {
            true => url::form_urlencoded::parse(format!("v={}", found.value).as_bytes())
                .next()
                .map(|(_, value)| value.into_owned())
                .unwrap_or_default(),
            false => serde_json::from_str(&format!("\"{}\"", found.value)).unwrap_or_default(),
        })
        .filter(|value: &String| value.len() >= SHORTEST)
        .collect()
}

/// How the names end that the patterns look for.
const ENDINGS: &[&[u8]] = &[b"code", b"state", b"token", b"secret", b"assertion", b"verifier", b"sha1"];

/// Whether one of the names stands before a `=`, or quoted before a `:`. One pass: whole pages go through here, and a page
/// has thousands of `=`, nearly all of which the one byte before turns away.
fn may_hold(text: &[u8]) -> bool {
    let ends_so = |before: &[u8]| {
        before.last().is_some_and(|byte| matches!(byte, b'e' | b'n' | b't' | b'r' | b'1'))
            && ENDINGS.iter().any(|ending| before.ends_with(ending))
    };
    text.iter().enumerate().any(|(place, byte)| match byte {
        b'=' => ends_so(&text[..place]),
        b':' => text[..place].trim_ascii_end().strip_suffix(b"\"").is_some_and(ends_so),
        _ => false,
    })
}

fn find(text: &str) -> Vec<Found<'_>> {
    // Nearly every text is turned away here, and most runs never compile the patterns.
    if !may_hold(text.as_bytes()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (pattern, in_url) in [(&*IN_URLS, true), (&*IN_JSON, false)] {
        for captures in pattern.iter().flat_map(|pattern| pattern.captures_iter(text)) {
            let (Some(name), Some(value)) = (captures.get(1), captures.get(2)) else { continue };
            let is_accompanied = in_url && is_accompanied(text, name.range());
            if name.as_str() == "state" && !is_accompanied {
                continue;
            }
            if !in_url && name.as_str() == "token" && !may_open(value.as_str()) {
                continue;
            }
            found.push(Found {
                range: value.range(),
                name: name.as_str(),
                value: value.as_str(),
                in_url,
                is_accompanied,
            });
        }
    }
    found.sort_by_key(|found| found.range.start);
    found
}

/// Whether the URL around the parameter has another one of OAuth's. Of a very long one, the part nearby is looked at.
fn is_accompanied(text: &str, name: Range<usize>) -> bool {
    const NEARBY: usize = 4096;
    let ends = |character: char| character.is_whitespace() || matches!(character, '"' | '\'' | '<' | '>');
    let before = &text[text.ceil_char_boundary(name.start.saturating_sub(NEARBY))..name.start];
    let after = &text[name.end..text.floor_char_boundary(name.end + NEARBY)];
    let around = [before.rsplit(ends).next(), after.split(ends).next()];
    around.into_iter().flatten().any(|part| COMPANY.iter().any(|other| part.contains(other)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_oauth_carries_is_hidden_and_nothing_else() {
        for (text, shown) in [
            ("/ci/authorize?code=xyz&state=a%2Fb", "/ci/authorize?code=***&state=***"),
            ("/ci/authorize?code=xyz", "/ci/authorize?code=***"),
            ("/authorize?client_id=1&state=xyz&scope=a", "/authorize?client_id=1&state=***&scope=a"),
            ("/cb?error=access_denied&state=xyz#top", "/cb?error=access_denied&state=***#top"),
            ("/cb#access_token=abc&token_type=bearer", "/cb#access_token=***&token_type=bearer"),
            ("/issues?state=open", "/issues?state=open"),
            ("/issues?state=open and /cb?code=1", "/issues?state=open and /cb?code=***"),
            ("/ci/api/hook?access_token=eyJh.x_y-z", "/ci/api/hook?access_token=***"),
            ("href=\"/cb?code=1&amp;state=2\"", "href=\"/cb?code=***&amp;state=***\""),
            (r#"{"u":"http:\/\/x/cb?code=1\u0026state=2"}"#, r#"{"u":"http:\/\/x/cb?code=***\u0026state=***"}"#),
            (r#"{"access_token": "abc","token_type":"b"}"#, r#"{"access_token": "***","token_type":"b"}"#),
            (r#"{"name":"ci","sha1":"0123abcd"}"#, r#"{"name":"ci","sha1":"***"}"#),
            (r#"{"type":"token","token":"four "}"#, r#"{"type":"token","token":"four "}"#),
            (r#"{"token":"four"}"#, r#"{"token":"four"}"#),
            (r#"{"token":"eyJhbGciOi.JIUzI1NiJ9"}"#, r#"{"token":"***"}"#),
            ("barcode=7&postcode=8", "barcode=7&postcode=8"),
            ("/cb?code=&state=", "/cb?code=&state="),
            ("the code=7", "the code=7"),
        ] {
            assert_eq!(mask_parameters(text), shown);
            assert_eq!(mask_parameters(shown), shown, "again");
        }
    }

    #[test]
    fn values_are_secret_elsewhere_if_there_is_no_doubt() {
        assert_eq!(parameter_values("/cb?code=0123%2F4567&state=short"), ["0123/4567"]);
        assert_eq!(parameter_values("/page?code=overview"), Vec::<String>::new());
        assert_eq!(parameter_values("/hook?access_token=eyJh.x_y-z"), ["eyJh.x_y-z"]);
        assert_eq!(parameter_values(r#"{"refresh_token":"a\"b-c-d-e"}"#), ["a\"b-c-d-e"]);
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in r#"([?&#;]|code=|state=|"token"|: ?"|\\u0026|[a-zé%"\\ ]){0,40}"#) {
            let masked = mask_parameters(&text).into_owned();
            prop_assert!(masked.len() <= text.len() + 3 * text.len());
            let _ = parameter_values(&text);
        }

        #[test]
        fn a_code_with_its_state_never_shows(code in "[A-Za-z0-9._~-]{12,40}", state in "[A-Za-z0-9._~-]{12,40}") {
            let masked = mask_parameters(&format!("http://edge.test/ci/authorize?code={code}&state={state}")).into_owned();
            prop_assert!(!masked.contains(&code) && !masked.contains(&state));
        }
    }
}
