//! No form of a secret survives.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::{Redactor, Secret};

fn redactor(secrets: &[&str]) -> Redactor {
    let mut redactor = Redactor::new();
    for secret in secrets {
        redactor.add(&Secret::new(*secret));
    }
    redactor
}

fn percent_all(secret: &str) -> String {
    secret.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn html(secret: &str) -> String {
    secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn json(secret: &str) -> String {
    let quoted = serde_json::Value::from(secret).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn debug(secret: &str) -> String {
    let quoted = format!("{secret:?}");
    quoted[1..quoted.len() - 1].to_owned()
}

/// The secret in every form that is promised to be found.
fn forms(secret: &str) -> Vec<String> {
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let twice = utf8_percent_encode(&percent, NON_ALPHANUMERIC).to_string();
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let escaped: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    vec![
        secret.to_owned(),
        lower_hex(&percent),
        lower_hex(&twice),
        percent,
        twice,
        form,
        percent_all(secret),
        json(secret),
        json(secret).replace('/', "\\/"),
        escaped,
        html(secret),
        html(&json(secret)),
        debug(secret),
    ]
}

/// The same with the digits of its escapes in lower case.
fn lower_hex(percent: &str) -> String {
    let mut out = String::new();
    let mut rest = percent;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let digits = rest[at..].chars().take(3).map(char::len_utf8).sum::<usize>();
        out.push_str(&rest[at..at + digits].to_lowercase());
        rest = &rest[at + digits..];
    }
    out + rest
}

/// The base64 texts of which the secret's bytes are a part.
fn base64_forms(before: &str, secret: &str, after: &str) -> Vec<String> {
    let whole = format!("{before}{secret}{after}");
    [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].iter().map(|engine| engine.encode(&whole)).collect()
}

#[test]
fn the_forms_that_requests_have() {
    let redactor = redactor(&["s3cret/pass word+&\"", "tok_ABCDEF123456"]);
    let cases = [
        ("password=s3cret/pass word+&\"!", "password=***!"),
        ("password=s3cret%2Fpass+word%2B%26%22&next=1", "password=***&next=1"),
        ("s3cret%2fpass%20word%2b%26%22", "***"),
        ("s3cret%252Fpass%2520word%252B%2526%2522", "***"),
        (r#"{"password":"s3cret/pass word+&\""}"#, r#"{"password":"***"}"#),
        (r#"{"password":"s3cret\/pass word+\u0026\u0022"}"#, r#"{"password":"***"}"#),
        ("<input value=\"s3cret/pass word+&amp;&quot;\">", "<input value=\"***\">"),
        ("Set-Cookie: sid=tok_ABCDEF123456; Path=/", "Set-Cookie: sid=***; Path=/"),
        ("tok_ABCDEF123456tok_ABCDEF123456", "***"),
        ("nothing here", "nothing here"),
    ];
    for (text, expected) in cases {
        assert_eq!(redactor.redact(text), expected);
    }
}

#[test]
fn basic_credentials() {
    let redactor = redactor(&["hunter22"]);
    for user in ["", "a", "ab", "abc", "admin"] {
        for header in base64_forms(&format!("{user}:"), "hunter22", "") {
            let redacted = redactor.redact(&header).into_owned();
            assert!(redacted.contains("***"), "{header}");
            assert!(redacted.len() < header.len() - 6, "{header} became {redacted}");
        }
    }
    // "admin:hunter22": what precedes the secret stays readable, its own bits don't.
    assert_eq!(redactor.redact("Authorization: Basic YWRtaW46aHVudGVyMjI="), "Authorization: Basic YWRtaW46***=");
}

#[test]
fn base64_in_urls_and_across_lines() {
    let redactor = redactor(&["???>>>~~~secret"]);
    let encoded = STANDARD.encode("???>>>~~~secret");
    assert!(encoded.contains('/') && encoded.contains('+'));
    assert_eq!(redactor.redact(&encoded.replace('/', "%2F").replace('+', "%2b")), "***");
    assert_eq!(redactor.redact(&encoded.replace('/', "\\/")), "***");
    assert_eq!(redactor.redact(&format!("{}\r\n{}", &encoded[..7], &encoded[7..])), "***");
    assert_eq!(redactor.redact(&URL_SAFE.encode("???>>>~~~secret")), "***");
}

#[test]
fn client_secrets_are_form_encoded_before_base64() {
    let redactor = redactor(&["a+b/c d=e"]);
    let header = STANDARD.encode("client:a%2Bb%2Fc+d%3De");
    assert!(!redactor.redact(&header).contains("YSUyQmIlMkZjK2QlM0Rl"));
    assert_ne!(redactor.redact(&header), header);
}

#[test]
fn overlapping_secrets_leave_nothing() {
    assert_eq!(redactor(&["abcdef", "defghi"]).redact("xabcdefghiy"), "x***y");
    assert_eq!(redactor(&["abcd", "abcdefgh"]).redact("abcdefgh abcdx"), "*** ***x");
    assert_eq!(redactor(&["abab"]).redact("ababab"), "***");
}

#[test]
fn short_secrets_hide_only_whole_words() {
    let redactor = redactor(&["ab", "", "é"]);
    assert_eq!(redactor.redact("ab cab abc x=ab; \"ab\" é élan"), "*** cab abc x=***; \"***\" *** élan");
    assert_eq!(redactor.redact("x=%61b&"), "x=***&");
}

#[test]
fn debugging_shows_nothing() {
    let redactor = redactor(&["hunter22"]);
    assert_eq!(format!("{redactor:?} {:?}", Secret::new("hunter22")), "Redactor(…) Secret(…)");
}

#[test]
fn excerpts_are_redacted_before_they_are_cut() {
    let redactor = redactor(&["hunter22"]);
    assert_eq!(redactor.excerpt("abc hunter22 def", 8), "abc *** … (16 bytes in all)");
    assert_eq!(redactor.excerpt("line\nhunter22", 100), "line\\n***");
}

#[test]
fn many_secrets_in_a_large_text_take_little_time() {
    let secrets: Vec<String> = (0..10).map(|number| format!("secret-{number}-{:032x}", number * 7919)).collect();
    let redactor = redactor(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
    for unit in ["<a href=\"/forge/x?y=%41&amp;z\">text</a> ", "%25%2541", "\\\\", "&#38;#38;", "secret-", "c2VjcmV0"] {
        let text = unit.repeat(64 * 1024 / unit.len());
        let start = std::time::Instant::now();
        assert_eq!(redactor.redact(&text), text);
        // Generous, as this is also run without optimisation on busy machines; a quadratic scan takes minutes.
        assert!(start.elapsed().as_secs() < 10, "{unit}: {:?}", start.elapsed());
    }
}

fn secret() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9]{4,24}", "[ -~]{4,24}", "\\PC{4,12}", "[%&+\\\\\"'/ a-f0-9]{4,12}", "[é漢😀\n\ta]{4,8}"]
        // A secret of asterisks alone can't be told from what hides it.
        .prop_filter("asterisks", |secret| !secret.contains('*') && secret.len() >= 4)
}

proptest! {
    #[test]
    fn no_form_survives(
        secret in secret(),
        other in secret(),
        before in "[ -~é]{0,12}",
        after in "[ -~é]{0,12}",
        which in 0_usize..13,
    ) {
        let redactor = redactor(&[&secret, &other]);
        let form = &forms(&secret)[which];
        let text = format!("{before}{form}{after}");
        let redacted = redactor.redact(&text).into_owned();
        prop_assert!(redacted.contains("***"), "{text} became {redacted}");
        for form in forms(&secret).iter().chain(&forms(&other)) {
            prop_assert!(!redacted.contains(form.as_str()), "{form} in {redacted}");
        }
        // What neither belongs to a secret nor adjoins one stays.
        prop_assert!(redacted.len() <= text.len() + 3);
    }

    #[test]
    fn no_base64_form_survives(secret in secret(), before in "[ -~]{0,9}", after in "[ -~]{0,9}", which in 0_usize..4) {
        let redactor = redactor(&[&secret]);
        let text = &base64_forms(&before, &secret, &after)[which];
        let redacted = redactor.redact(text).into_owned();
        // Neither the start nor the end of what is left decodes to any two bytes of the secret in a row.
        let (head, tail) = redacted.split_once("***").expect("hidden");
        prop_assert!(head.len() * 6 / 8 <= before.len(), "{text} became {redacted}");
        prop_assert!(tail.trim_end_matches('=').len() * 6 / 8 <= after.len(), "{text} became {redacted}");
    }

    #[test]
    fn the_head_is_what_the_whole_begins_with(
        secret in secret(),
        before in "[ -~é]{0,9}",
        after in "[ -~]{0,9}",
        which in 0_usize..17,
        limit in 0_usize..80,
    ) {
        let redactor = redactor(&[&secret]);
        let text = match forms(&secret).get(which) {
            Some(form) => format!("{before}{form}{after}"),
            None => base64_forms(&before, &secret, &after)[which - forms(&secret).len()].clone(),
        };
        let (head, whole) = (redactor.head(&text, limit.min(text.len())), redactor.redact(&text));
        prop_assert!(whole.starts_with(&*head), "{text} at {limit}: {head} of {whole}");
    }

    #[test]
    fn texts_without_secrets_stay(text in "\\PC{0,200}") {
        let redactor = redactor(&["Zq8#-never-in-there-7Kx"]);
        prop_assert_eq!(redactor.redact(&text), text.as_str());
    }

    #[test]
    fn any_text_is_taken(text in any::<String>(), secrets in proptest::collection::vec(any::<String>(), 0..4)) {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let redactor = redactor(&secrets);
        let _ = redactor.redact(&text);
        let _ = redactor.excerpt(&text, 7);
    }
}
