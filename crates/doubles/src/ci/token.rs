//! Signed tokens: sessions, personal tokens, webhooks, states (JSON Web Tokens, RFC 7519, with HMAC SHA-256, RFC 7515).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Map, Value, json};

/// The longest token that is read, in bytes.
const MAX_LENGTH: usize = 4096;

/// What a token is for. One kind is never taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A personal token, for programs.
    User,
    /// A browser's session; what changes something needs a [`Kind::Csrf`] token beside it.
    Session,
    /// A repository's webhook.
    Hook,
    /// Proves that a page of our own asks.
    Csrf,
    /// An agent.
    Agent,
    /// The state of a sign-in (RFC 6749, section 10.12).
    State,
}

impl Kind {
    const ALL: [Self; 6] = [Self::User, Self::Session, Self::Hook, Self::Csrf, Self::Agent, Self::State];

    fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Session => "sess",
            Self::Hook => "hook",
            Self::Csrf => "csrf",
            Self::Agent => "agent",
            Self::State => "oauth-state",
        }
    }
}

/// A token's claims, before anybody checked who signed them.
#[derive(Debug)]
pub(super) struct Unverified<'a> {
    signed: &'a str,
    signature: Vec<u8>,
    kind: Kind,
    claims: Map<String, Value>,
}

/// Signs claims, for ever or until a time.
pub(super) fn sign(kind: Kind, claims: &[(&str, &str)], secret: &str, lasts: Option<Duration>) -> String {
    let mut content: Map<String, Value> =
        claims.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
    content.insert("type".to_owned(), kind.name().into());
    if let Some(lasts) = lasts {
        content.insert("exp".to_owned(), (now() + lasts.as_secs()).into());
    }
    let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "HS256", "typ": "JWT" }).to_string());
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(Value::Object(content).to_string()));
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key(secret), signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// Reads a token without believing it: its claims say whose secret proves it.
pub(super) fn read(text: &str) -> Option<Unverified<'_>> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let (signed, signature) = text.rsplit_once('.')?;
    let (header, content) = signed.split_once('.')?;
    let object =
        |part: &str| -> Option<Map<String, Value>> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    if object(header)?.get("alg")?.as_str()? != "HS256" {
        return None;
    }
    let claims = object(content)?;
    let name = claims.get("type")?.as_str()?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name)?;
    Some(Unverified { signed, signature: URL_SAFE_NO_PAD.decode(signature).ok()?, kind, claims })
}

impl Unverified<'_> {
    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// What it claims, for looking up the secret that it must have been signed with.
    pub(super) fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// Whether it was signed with the secret and hasn't expired.
    pub(super) fn holds(&self, secret: &str) -> bool {
        let fresh = match self.claims.get("exp") {
            None => true,
            Some(until) => until.as_f64().is_some_and(|until| (now() as f64) < until),
        };
        fresh && hmac::verify(&key(secret), self.signed.as_bytes(), &self.signature).is_ok()
    }
}

fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Option<Duration> = Some(Duration::from_hours(1));

    #[test]
    fn a_token_holds_for_who_signed_it() {
        let text = sign(Kind::Hook, &[("forge-id", "1")], "secret", HOUR);
        let token = read(&text).unwrap();
        assert_eq!((token.kind(), token.claim("forge-id"), token.claim("x")), (Kind::Hook, Some("1"), None));
        assert!(token.holds("secret"));
        assert!(!token.holds("other") && !token.holds(""));
    }

    /// Signed by another program (Python's `hmac`).
    #[test]
    fn others_tokens_are_understood() {
        let text = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0eXBlIjoidXNlciIsInVzZXItaWQiOiIxIn0.SMBrxs0-AAFAYKSJJ1Z7zjZE1Vdw55lCkyCvcVGDbVc";
        assert_eq!(read(text).unwrap().claim("user-id"), Some("1"));
        assert!(read(text).unwrap().holds("secret"));
    }

    #[test]
    fn time_runs_out() {
        assert!(!read(&sign(Kind::User, &[], "secret", Some(Duration::ZERO))).unwrap().holds("secret"));
    }

    #[test]
    fn what_is_no_token() {
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let user = URL_SAFE_NO_PAD.encode(r#"{"type":"user"}"#);
        let hs256 = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
        let odd = URL_SAFE_NO_PAD.encode(r#"{"type":"root"}"#);
        for text in
            ["", ".", "..", "a.b.c", &format!("{none}.{user}."), &format!("{hs256}.{odd}.AA"), &"a".repeat(9000)]
        {
            assert!(read(text).is_none(), "{text}");
        }
        let endless = URL_SAFE_NO_PAD.encode(r#"{"type":"user","exp":"never"}"#);
        let signed = format!("{hs256}.{endless}");
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key("secret"), signed.as_bytes()));
        assert!(!read(&format!("{signed}.{signature}")).unwrap().holds("secret"));
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(text in ".{0,200}") {
            let _ = read(&text);
        }

        #[test]
        fn a_changed_token_does_not_hold(at in 0_usize..200, with in "[A-Za-z0-9_.-]") {
            let text = sign(Kind::Session, &[("user-id", "1")], "secret", HOUR);
            let at = at % text.len();
            let mut changed = text.clone();
            changed.replace_range(at..=at, &with);
            prop_assume!(changed != text);
            prop_assert!(!read(&changed).is_some_and(|token| token.holds("secret")));
        }
    }
}
