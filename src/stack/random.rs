//! Random text from the operating system.

/// Lower-case letters and digits: good in names.
pub(crate) const LOWER_CASE: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// Letters and digits: good in passwords, whatever they pass through.
pub(crate) const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random bytes: {0}")]
pub(crate) struct Unavailable(getrandom::Error);

/// `length` characters of `alphabet`, each as likely as any other.
pub(crate) fn text(alphabet: &[u8], length: usize) -> Result<String, Unavailable> {
    let size = alphabet.len().min(256);
    // The part of a byte's range that divides evenly: beyond it some characters would come more often.
    let limit = 256 - 256 % size;
    let mut out = String::with_capacity(length);
    let mut bytes = [0_u8; 64];
    while out.len() < length {
        getrandom::fill(&mut bytes).map_err(Unavailable)?;
        let accepted = bytes.iter().map(|&byte| usize::from(byte)).filter(|&byte| byte < limit);
        out.extend(accepted.take(length - out.len()).map(|byte| char::from(alphabet[byte % size])));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_long_as_asked_for_and_of_the_alphabet() {
        for length in [0, 1, 8, 64, 65, 1000] {
            let text = text(ALPHANUMERIC, length).unwrap();
            assert_eq!(text.len(), length);
            assert!(text.bytes().all(|byte| ALPHANUMERIC.contains(&byte)));
        }
        assert_ne!(text(LOWER_CASE, 32).unwrap(), text(LOWER_CASE, 32).unwrap());
    }

    #[test]
    fn every_character_comes_up() {
        let text = text(LOWER_CASE, 20_000).unwrap();
        for &character in LOWER_CASE {
            let count = text.bytes().filter(|&byte| byte == character).count();
            assert!((300..900).contains(&count), "{} came {count} times in 20000", char::from(character));
        }
    }
}
