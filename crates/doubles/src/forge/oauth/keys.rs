//! Signed tokens (RFC 7519).
//!
//! The real programs sign with RS256 unless told otherwise. We have nothing that makes RSA keys, so the double signs with ES256, which both
//! of them offer too, and says so in its discovery document. Clients that go by that document, as they must, don't notice.

use std::fmt;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};

/// The algorithm's name (RFC 7518, section 3.1).
pub(super) const ALGORITHM: &str = "ES256";

/// The key that tokens are signed with, new with each forge.
pub(crate) struct SigningKey {
    pair: EcdsaKeyPair,
    id: String,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// # Errors
    /// The operating system has no random bytes to give.
    pub(crate) fn new() -> io::Result<Self> {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let failed = || io::Error::other("no key can be made to sign tokens with");
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| failed())?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).map_err(|_| failed())?;
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, pair.public_key().as_ref()));
        Ok(Self { pair, id })
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> io::Result<String> {
        let head = json!({ "alg": ALGORITHM, "kid": self.id, "typ": "JWT" });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", encode(&head), encode(claims));
        let signature = self.pair.sign(&SystemRandom::new(), text.as_bytes());
        let signature = signature.map_err(|_| io::Error::other("a token can't be signed"))?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The claims of a token that this key signed and that hasn't expired.
    pub(crate) fn verify(&self, token: &str, now: u64) -> Option<Value> {
        let (text, signature) = token.rsplit_once('.')?;
        let (head, claims) = text.split_once('.')?;
        let decode = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        if decode(head)?.get("alg")? != ALGORITHM {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.pair.public_key().as_ref())
            .verify(text.as_bytes(), &signature)
            .ok()?;
        let claims = decode(claims)?;
        (claims.get("exp")?.as_u64()? > now).then_some(claims)
    }

    /// The public key as a JSON Web Key (RFC 7517; RFC 7518, section 6.2).
    pub(super) fn public(&self) -> Value {
        // An uncompressed point: 4, then both coordinates.
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        json!({
            "alg": ALGORITHM, "crv": "P-256", "kid": self.id, "kty": "EC", "use": "sig",
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_tokens_hold_and_only_for_a_time() {
        let (key, other) = (SigningKey::new().unwrap(), SigningKey::new().unwrap());
        let token = key.sign(&json!({ "gnt": 1, "exp": 100 })).unwrap();
        assert_eq!(key.verify(&token, 99).unwrap()["gnt"], 1);
        assert_eq!(key.verify(&token, 100), None);
        assert_eq!(other.verify(&token, 99), None);
        let (text, signature) = token.rsplit_once('.').unwrap();
        let forged = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let claims = text.split_once('.').unwrap().1;
        for wrong in ["", "a.b.c", text, &format!("{forged}.{claims}."), &format!("{forged}.{claims}.{signature}")] {
            assert_eq!(key.verify(wrong, 0), None, "{wrong}");
        }
        assert_eq!(key.public()["x"].as_str().unwrap().len(), 43);
    }
}
