//! Names of objects.

use std::fmt;
use std::str::FromStr;

/// An object's id: the SHA-1 of its header and content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId([u8; 20]);

/// A text that is no object id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 40 hexadecimal digits, found `{0}`")]
pub struct IdError(String);

impl ObjectId {
    /// The id that stands for no object: in a push, a branch that isn't there.
    pub const NONE: Self = Self([0; 20]);

    /// The id with these bytes.
    pub fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The id whose 40 hexadecimal digits these are.
    ///
    /// # Errors
    /// They are something else.
    pub fn from_hex(text: &[u8]) -> Result<Self, IdError> {
        let wrong = || IdError(String::from_utf8_lossy(&text[..text.len().min(60)]).escape_debug().to_string());
        if text.len() != 40 {
            return Err(wrong());
        }
        let mut bytes = [0; 20];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = digit(pair[0]).zip(digit(pair[1])).map(|(high, low)| high << 4 | low).ok_or_else(wrong)?;
        }
        Ok(Self(bytes))
    }
}

/// git writes lower case and reads both.
fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

impl FromStr for ObjectId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::from_hex(text.as_bytes())
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_ids() {
        let text = "ce013625030ba8dba906f756967f9e9ca394464a";
        assert_eq!(text.parse::<ObjectId>().unwrap().to_string(), text);
        assert_eq!(text.to_uppercase().parse::<ObjectId>().unwrap().to_string(), text);
        assert_eq!(ObjectId::NONE.to_string(), "0".repeat(40));
        for wrong in ["", "ce0136", &"g".repeat(40), &"ä".repeat(20), &format!("{text}0")] {
            let error = wrong.parse::<ObjectId>().unwrap_err().to_string();
            assert!(error.starts_with("expected 40 hexadecimal digits, found `"), "{error}");
        }
    }
}
