//! What ties a sign-in to the browser that began it.
//!
//! The browser holds a random binding in a cookie. The `state` that travels through the forge is a nonce and a time with a code over
//! both and the binding, under a key that only this service has; the PKCE verifier is derived in the same way. So nothing is stored for
//! people who only knock, several tabs may sign in at once, and a callback in another browser has the wrong binding.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;

use crate::clock;
use crate::state::Key;

/// The cookie that holds the binding.
pub(super) const COOKIE: &str = "disinto_chat_sign_in";

const NONCE: usize = 16;
const TIME: usize = 8;
const CODE: usize = 32;

/// One sign-in under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attempt {
    nonce: [u8; NONCE],
    /// In seconds since 1970.
    began: u64,
}

impl Attempt {
    pub(super) fn new(nonce: [u8; NONCE], now: SystemTime) -> Self {
        Self { nonce, began: clock::seconds(now) }
    }

    /// The `state` for the forge (RFC 6749, section 10.12).
    pub(super) fn state(&self, key: &Key, binding: &str) -> String {
        let mut bytes = self.bytes();
        bytes.extend_from_slice(key.sign(&self.text("state", binding)).as_ref());
        BASE64URL.encode(bytes)
    }

    /// The attempt of a `state`, if it was made for this binding and not too long ago.
    pub(super) fn of(state: &str, key: &Key, binding: &str, age: Duration, now: SystemTime) -> Option<Self> {
        let bytes = BASE64URL.decode(state).ok().filter(|bytes| bytes.len() == NONCE + TIME + CODE)?;
        let (nonce, rest) = bytes.split_first_chunk()?;
        let (began, code) = rest.split_first_chunk()?;
        let attempt = Self { nonce: *nonce, began: u64::from_be_bytes(*began) };
        let now = clock::seconds(now);
        let is_recent = attempt.began <= now && now - attempt.began <= age.as_secs();
        (key.verify(&attempt.text("state", binding), code) && is_recent).then_some(attempt)
    }

    /// The PKCE verifier: 43 characters, as RFC 7636, section 4.1, advises.
    pub(super) fn verifier(&self, key: &Key, binding: &str) -> String {
        BASE64URL.encode(key.sign(&self.text("verifier", binding)))
    }

    /// A name for the attempt, by which it is known to have been used.
    pub(super) fn name(&self) -> String {
        format!("sign-in:{}", BASE64URL.encode(self.bytes()))
    }

    fn bytes(&self) -> Vec<u8> {
        [&self.nonce[..], &self.began.to_be_bytes()].concat()
    }

    fn text(&self, purpose: &str, binding: &str) -> Vec<u8> {
        [purpose.as_bytes(), b"\0", binding.as_bytes(), b"\0", &self.bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::at;

    const AGE: Duration = Duration::from_secs(600);

    #[test]
    fn a_state_is_good_for_its_browser_and_for_a_while() {
        let (key, other) = (Key::for_test(b"one"), Key::for_test(b"other"));
        let attempt = Attempt::new([7; NONCE], at(1000));
        let state = attempt.state(&key, "browser");
        let of = |state: &str, key: &Key, binding: &str, now| Attempt::of(state, key, binding, AGE, at(now));
        assert_eq!(of(&state, &key, "browser", 1000), Some(attempt));
        assert_eq!(of(&state, &key, "browser", 1600), Some(attempt));
        assert_eq!(of(&state, &key, "browser", 1601), None, "too old");
        assert_eq!(of(&state, &key, "browser", 999), None, "from the future");
        assert_eq!(of(&state, &key, "another", 1000), None);
        assert_eq!(of(&state, &key, "", 1000), None);
        assert_eq!(of(&state, &other, "browser", 1000), None);
        assert_eq!(attempt.verifier(&key, "browser").len(), 43);
        assert_ne!(attempt.verifier(&key, "browser"), attempt.verifier(&key, "another"));
        assert!(!state.contains(&attempt.verifier(&key, "browser")));
    }

    proptest! {
        #[test]
        fn nothing_else_is_a_state(text in "[A-Za-z0-9_-]{0,100}", at_byte in 0_usize..75, with in "[A-Za-z0-9_-]") {
            let key = Key::for_test(b"key");
            prop_assert_eq!(Attempt::of(&text, &key, "browser", AGE, at(1000)), None);
            let state = Attempt::new([1; NONCE], at(1000)).state(&key, "browser");
            let mut changed = state.clone();
            changed.replace_range(at_byte..=at_byte, &with);
            prop_assert!(changed == state || Attempt::of(&changed, &key, "browser", AGE, at(1000)).is_none());
        }
    }
}
