//! Tokens that users make for themselves.

use std::io;
use std::sync::{Mutex, PoisonError};

use ring::digest::{SHA256, digest};

use super::clock;
use crate::random;

/// A token; of itself only a digest and its last characters are kept.
#[derive(Debug, Clone)]
pub(super) struct Token {
    /// Its number, from 1.
    pub(super) id: u64,
    owner: u64,
    pub(super) name: String,
    digest: Vec<u8>,
    pub(super) last_eight: String,
    pub(super) scopes: Vec<String>,
    /// Seconds since 1970.
    pub(super) created: u64,
}

/// All tokens, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<(u64, Vec<Token>)>);

impl Tokens {
    /// Makes a token, and hands it out: never again. `None` where the owner has one of this name.
    pub(super) fn create(&self, owner: u64, name: &str, scopes: Vec<String>) -> io::Result<Option<(Token, String)>> {
        let text = random::token(20)?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.1.iter().any(|token| token.owner == owner && token.name == name) {
            return Ok(None);
        }
        all.0 += 1;
        let token = Token {
            id: all.0,
            owner,
            name: name.to_owned(),
            digest: digest(&SHA256, text.as_bytes()).as_ref().to_vec(),
            last_eight: text[text.len() - 8..].to_owned(),
            scopes,
            created: clock::now(),
        };
        all.1.push(token.clone());
        Ok(Some((token, text)))
    }

    pub(super) fn of(&self, owner: u64) -> Vec<Token> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.1.iter().filter(|token| token.owner == owner).cloned().collect()
    }

    /// Removes a token by its name or number; false where there is none.
    pub(super) fn remove(&self, owner: u64, which: &str) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.1.len();
        all.1.retain(|token| token.owner != owner || (token.name != which && token.id.to_string() != which));
        all.1.len() < before
    }

    /// The number of the user whose this token is.
    pub(super) fn owner(&self, text: &str) -> Option<u64> {
        let digest = digest(&SHA256, text.as_bytes());
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.1.iter().find(|token| token.digest == digest.as_ref()).map(|token| token.owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handed_out_once() {
        let tokens = Tokens::default();
        let (token, text) = tokens.create(1, "ci", vec!["all".to_owned()]).unwrap().unwrap();
        assert!(text.ends_with(&token.last_eight) && text.len() == 40 && !format!("{token:?}").contains(&text));
        assert!(tokens.create(1, "ci", Vec::new()).unwrap().is_none());
        assert_eq!((tokens.owner(&text), tokens.owner("x"), tokens.of(2).len()), (Some(1), None, 0));
        assert!(!tokens.remove(2, "ci") && tokens.remove(1, "ci") && tokens.owner(&text).is_none());
    }
}
