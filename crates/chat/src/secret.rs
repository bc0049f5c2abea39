//! Values that nobody may read in a log.

use std::fmt;

use ring::hmac;

/// A secret. It can't be printed: there is no `Display`, `Debug` shows nothing of it, and it is never serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a value for a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for those who have to send or to use it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether something given is the secret, in a time that doesn't depend on where the two differ.
    pub fn is(&self, given: &[u8]) -> bool {
        // Equal codes under a key of the secret's own mean equal texts; the comparison inside `verify` is in constant time.
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes());
        hmac::verify(&key, given, hmac::sign(&key, self.0.as_bytes()).as_ref()).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_is_the_secret() {
        let secret = Secret::new("forward-auth-secret");
        assert!(secret.is(b"forward-auth-secret"));
        for other in ["", "forward-auth-secre", "forward-auth-secret ", "Forward-auth-secret", "\0"] {
            assert!(!secret.is(other.as_bytes()), "{other:?}");
        }
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
