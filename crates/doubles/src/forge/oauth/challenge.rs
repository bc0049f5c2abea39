//! Proof key for code exchange (RFC 7636).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

/// What a client promised to prove when it asked for a code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::forge) enum Challenge {
    /// Nothing.
    #[default]
    None,
    /// That it knows this very text.
    Plain(String),
    /// That it knows the text with this SHA-256 digest, in base64url.
    S256(String),
}

impl Challenge {
    /// By the method's name; `None` where there is no such method.
    pub(super) fn new(method: &str, challenge: &str) -> Option<Self> {
        match method {
            "" => Some(Self::None),
            "plain" => Some(Self::Plain(challenge.to_owned())),
            "S256" => Some(Self::S256(challenge.to_owned())),
            _ => None,
        }
    }

    /// Whether the verifier is the proof.
    pub(super) fn is_met(&self, verifier: &str) -> bool {
        match self {
            Self::None => true,
            Self::Plain(challenge) => challenge == verifier,
            Self::S256(challenge) => *challenge == URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    #[test]
    fn the_example_of_the_standard() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = Challenge::new("S256", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert!(challenge.is_met(verifier) && !challenge.is_met("") && !challenge.is_met("x"));
        let plain = Challenge::new("plain", "abc").unwrap();
        assert!(plain.is_met("abc") && !plain.is_met("abcd"));
        assert!(Challenge::new("", "").unwrap().is_met("whatever"));
        assert_eq!(Challenge::new("s256", ""), None);
    }
}
